import { refuseWay } from "../refuse-way.ts";

/**
 * Stands for the other modules of Node's that could reach the outside or load what does: names
 * (`node:dns`), datagrams (`node:dgram`), and `node:module`, whose `createRequire` would find the
 * true ones behind the bundle's back.
 */
export const createRequire = (): never => refuseWay(undefined);
export const createSocket = (): never => refuseWay(undefined);
export const lookup = (target: unknown): never => refuseWay({ hostname: target });
export const resolve = lookup;
export const resolve4 = lookup;
export const resolve6 = lookup;
export const resolveCname = lookup;
export const resolveMx = lookup;
export const resolveSrv = lookup;
export const resolveTxt = lookup;
export const promises = { lookup, resolve, resolve4, resolve6 };
export const builtinModules: readonly string[] = [];

export default {
  builtinModules,
  createRequire,
  createSocket,
  lookup,
  promises,
  resolve,
  resolve4,
  resolve6,
  resolveCname,
  resolveMx,
  resolveSrv,
  resolveTxt,
};
