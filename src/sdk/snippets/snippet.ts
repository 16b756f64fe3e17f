import type { Scheme } from "../regional-host.ts";

/** What an application has to contain so that an SDK sends to the region, ready to paste. */
export type Snippet = {
  readonly sdk: string;
  readonly title: string;
  /** Of the code, as highlighters call it. */
  readonly language: string;
  /** The SDK's options that name a host, each with its value in just the form the SDK wants. */
  readonly settings: readonly { readonly option: string; readonly value: string }[];
  readonly code: string;
  /** What would send data elsewhere, or nowhere, although the code is right. */
  readonly warnings: readonly string[];
};

/** What the code is made for. */
export type SnippetValues = {
  readonly writeKey: string;
  /** The regional host, with its port if it has one. */
  readonly host: string;
  readonly scheme: Scheme;
};

export type MakeSnippet = (values: SnippetValues) => Snippet;

/** Stands where the key has to be when a source has no live one. */
export const WRITE_KEY_PLACEHOLDER = "<WRITE_KEY>";

/** For SDKs that cannot be told to use plain http, as a stack on one's own machine does. */
export function onlyHttps(scheme: Scheme): readonly string[] {
  return scheme === "https"
    ? []
    : ["This SDK always uses https, so it cannot send to a stack on your own machine."];
}
