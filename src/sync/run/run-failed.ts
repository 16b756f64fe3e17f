/** A run that nothing but a change by somebody can save. */
export class RunFailed extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
