/** A WebAssembly module is compiled before the Worker runs; code gets it ready to be instantiated. */
declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
