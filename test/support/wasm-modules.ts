import { readFile } from "node:fs/promises";

/** A plugin for Vite: an import of a `.wasm` file is the compiled module, as it is in workerd. */
export function wasmModules(): {
  readonly name: string;
  readonly enforce: "pre";
  load(id: string): Promise<string | undefined>;
} {
  return {
    name: "homeport-wasm-modules",
    enforce: "pre",
    async load(id) {
      if (!id.endsWith(".wasm")) return undefined;
      const base64 = (await readFile(id)).toString("base64");
      return `export default new WebAssembly.Module(Buffer.from("${base64}", "base64"));`;
    },
  };
}
