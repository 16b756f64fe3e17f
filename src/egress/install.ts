import { guardedFetch } from "./guarded-fetch.ts";
import { GUARDED_MODULES } from "./guarded-modules.ts";
import { replaceFetch } from "./outside.ts";
import { refuseWay } from "./refuse-way.ts";

/**
 * Puts the guard in the place of every global way to the outside. Imported first of all by the
 * Worker's entry, so that no other module ever holds the platform's own. Imports of network modules
 * are aliased to `src/egress/shims` when the Worker is bundled (wrangler.toml).
 */
replaceFetch(guardedFetch);
replaceConstructor("WebSocket");
replaceConstructor("EventSource");
replaceBeacon();
replaceCaches();
replaceBuiltinModules();

/** Sockets that a client opens to us are made in pairs, without this constructor. */
function replaceConstructor(name: "WebSocket" | "EventSource"): void {
  const own: unknown = Reflect.get(globalThis, name);
  if (typeof own !== "function") return;
  const guarded = new Proxy(own, { construct: (_, [target]) => refuseWay(target) });
  Object.defineProperty(globalThis, name, { value: guarded, configurable: true, writable: true });
}

function replaceBeacon(): void {
  const own: unknown = Reflect.get(globalThis, "navigator");
  if (typeof own !== "object" || own === null || !("sendBeacon" in own)) return;
  const value = (target: unknown): never => refuseWay(target);
  Object.defineProperty(Object.getPrototypeOf(own), "sendBeacon", { value, configurable: true });
}

/** A cache stands wherever the Worker runs, and keeps what it is given. */
function replaceCaches(): void {
  const refuse = (target: unknown): never => refuseWay(target);
  const cache = { match: refuse, put: refuse, delete: refuse };
  const value = { default: cache, open: refuse };
  Object.defineProperty(globalThis, "caches", { value, configurable: true, writable: true });
}

/** The way to a module of Node's that no bundler sees. */
function replaceBuiltinModules(): void {
  const own: unknown = Reflect.get(globalThis, "process");
  if (typeof own !== "object" || own === null) return;
  const getOwn: unknown = Reflect.get(own, "getBuiltinModule");
  if (typeof getOwn !== "function") return;
  const value = (name: string): unknown => {
    const plain = name.replace(/^node:/, "");
    const isGuarded = GUARDED_MODULES.some((guarded) => guarded === plain);
    return isGuarded ? refuseWay(undefined) : Reflect.apply(getOwn, own, [name]);
  };
  Object.defineProperty(own, "getBuiltinModule", { value, configurable: true });
}
