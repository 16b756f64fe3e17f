/** Limits of the tracking API: Segment's, in bytes of JSON as UTF-8. */

/** One event, with the members that it takes over from its batch. */
export const EVENT_BYTES_MAX = 32_768;

/** One request, after decompression. Segment says 500 KB; its Ruby library sends up to this. */
export const BODY_BYTES_MAX = 512_000;

/** Events in one batch; those beyond are refused, the others kept. */
export const EVENTS_MAX = 2500;

/**
 * Properties of one event. Never reached, because a member has at least five bytes of JSON and an
 * event {@link EVENT_BYTES_MAX}: the smaller limit always refuses first.
 */
export const PROPERTIES_MAX = 10_000;

/**
 * All lines of one request. A batch's `context` is written into each of its events, so that a small
 * body could make lines that no memory holds; with 2,500 events 3 KB of context still fit.
 */
export const LINES_BYTES_MAX = 8_388_608;
