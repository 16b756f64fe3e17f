/** Why a request is refused, in AWS's words. */
export type AwsRefusal = {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
};

/** A refusal whose message is its code, unless one is given. */
export function refusal(
  status: number,
  code: string,
  message: string = code,
  headers: Readonly<Record<string, string>> = {},
): AwsRefusal {
  return { status, code, message, headers };
}

/** The body S3 answers. */
export function s3ErrorXml(refused: AwsRefusal): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${escapeXml(refused.code)}</Code><Message>${escapeXml(refused.message)}</Message></Error>`;
}

/** The body STS answers. */
export function stsErrorXml(refused: AwsRefusal): string {
  return `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${escapeXml(refused.code)}</Code><Message>${escapeXml(refused.message)}</Message></Error></ErrorResponse>`;
}

/** Makes `text` safe between two tags. */
export function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
