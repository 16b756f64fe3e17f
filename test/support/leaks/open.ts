import { WAYS_OUT } from "./ways-out.ts";

/** Tries a way out with nothing in the way: shows that each of them does reach the outside. */
export default {
  async fetch(request: Request): Promise<Response> {
    const { way, host } = (await request.json()) as { way: string; host: string };
    try {
      await WAYS_OUT[way]?.(host);
      return Response.json({ error: undefined });
    } catch (error) {
      return Response.json({ error: String(error) });
    }
  },
};
