/**
 * The heap of the isolate behind an inspector's address, with the bytes of ArrayBuffers; garbage that
 * is not collected yet is included, since workerd collects none on request.
 */
export async function heapBytesAt(inspector: string): Promise<number> {
  const socket = new WebSocket(inspector);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error("Cannot reach the inspector of workerd"));
  });
  const usage = await inspect(socket, "Runtime.getHeapUsage");
  socket.close();
  return Number(usage["usedSize"]) + Number(usage["backingStorageSize"]);
}

async function inspect(socket: WebSocket, method: string): Promise<Record<string, unknown>> {
  const answer = new Promise<Record<string, unknown>>((resolve) => {
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(String(data)) as { id?: number; result?: Record<string, unknown> };
      if (message.id === 1) resolve(message.result ?? {});
    };
  });
  socket.send(JSON.stringify({ id: 1, method }));
  return await answer;
}
