/** `hashtextextended` came with 11, and so did much of the catalogue as it is now. */
export const VERSION_MIN = 11;
/** `bit_xor` came with 14. */
export const SUMS_VERSION_MIN = 14;
/** How many of `server_version_num` make a major version. */
export const VERSION_UNIT = 10_000;
