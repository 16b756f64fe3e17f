/** An expression of HCL as far as the product writes it: texts, truth, maps and references. */
export type HclValue = string | boolean | HclReference | { readonly [name: string]: HclValue };

/** `aws_iam_role.homeport.id`, taken apart. */
export type HclReference = { readonly reference: readonly string[] };

export type HclBlock = {
  readonly type: string;
  readonly labels: readonly string[];
  readonly attributes: Readonly<Record<string, HclValue>>;
  readonly blocks: readonly HclBlock[];
};

const TOKEN =
  /\s*(?:#[^\n]*\n\s*)*(?:(?<text>"(?:[^"\\\n]|\\.)*")|(?<name>[A-Za-z_][\w-]*)|(?<sign>[{}=.,]))/y;

type Token = { readonly text?: string; readonly name?: string; readonly sign?: string };

/**
 * Reads a file of Terraform by HCL's grammar, without knowing any provider.
 *
 * @throws Error where it is not HCL, or more of it than is understood here.
 */
export function parseHcl(source: string): readonly HclBlock[] {
  const reader = new Reader(tokensOf(source));
  return reader.body(true).blocks;
}

function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  const text = source.trimEnd();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const found = TOKEN.exec(text);
    if (found?.groups === undefined)
      throw new Error(`Cannot read HCL at ${text.slice(at, at + 40)}`);
    tokens.push(found.groups as Token);
  }
  return tokens;
}

class Reader {
  readonly #tokens: Token[];

  constructor(tokens: Token[]) {
    this.#tokens = tokens;
  }

  body(isFile: boolean): Pick<HclBlock, "attributes" | "blocks"> {
    const attributes: Record<string, HclValue> = {};
    const blocks: HclBlock[] = [];
    while (this.#tokens.length > 0 && this.#tokens[0]?.sign !== "}") {
      const name = this.#name();
      if (this.#tokens[0]?.sign === "=") {
        if (name in attributes) throw new Error(`Cannot read HCL: ${name} stands twice`);
        this.#tokens.shift();
        attributes[name] = this.#value();
        continue;
      }
      const labels: string[] = [];
      while (this.#tokens[0]?.text !== undefined) labels.push(this.#text());
      this.#sign("{");
      blocks.push({ type: name, labels, ...this.body(false) });
      this.#sign("}");
    }
    if (isFile && this.#tokens.length > 0) throw new Error("Cannot read HCL: a } too many");
    return { attributes, blocks };
  }

  #value(): HclValue {
    if (this.#tokens[0]?.text !== undefined) return this.#text();
    if (this.#tokens[0]?.sign === "{") {
      this.#tokens.shift();
      const { attributes, blocks } = this.body(false);
      if (blocks.length > 0) throw new Error("Cannot read HCL: a block in a map");
      this.#sign("}");
      return attributes;
    }
    const parts = [this.#name()];
    while (this.#tokens[0]?.sign === ".") {
      this.#tokens.shift();
      parts.push(this.#name());
    }
    if (parts.length > 1) return { reference: parts };
    if (parts[0] === "true" || parts[0] === "false") return parts[0] === "true";
    throw new Error(`Cannot read HCL: ${parts[0]} is no value`);
  }

  /** A quoted text, with HCL's own escapes; one that begins an expression is not understood. */
  #text(): string {
    const quoted = this.#tokens.shift()?.text ?? "";
    if (/[$%]\{/.test(quoted.replaceAll(/\$\$\{|%%\{/g, ""))) {
      throw new Error("Cannot read HCL: an expression in a text");
    }
    return (JSON.parse(quoted) as string).replaceAll(/(\$|%)\1(?=\{)/g, "$1");
  }

  #name(): string {
    const name = this.#tokens.shift()?.name;
    if (name === undefined) throw new Error("Cannot read HCL: a name was wanted");
    return name;
  }

  #sign(sign: string): void {
    if (this.#tokens.shift()?.sign !== sign) throw new Error(`Cannot read HCL: ${sign} was wanted`);
  }
}
