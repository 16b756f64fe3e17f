import { byteAt, isDigit } from "./bytes";

/** Times as `toISOString` writes them: `2026-11-22T04:00:00.000Z`. All others are the host's. */
const TIME_CHARS: i32 = 24;
const MS_PER_DAY: i64 = 86_400_000;

/** There is no time, or none that is written so. */
export const NO_TIME: f64 = NaN;

/** The milliseconds since 1970 of the time that stands from `at` to `end`. */
export function timeAt(at: i32, end: i32): f64 {
  if (end - at != TIME_CHARS) return NO_TIME;
  const isMarked =
    byteAt(at + 4) == 0x2d &&
    byteAt(at + 7) == 0x2d &&
    byteAt(at + 10) == 0x54 &&
    byteAt(at + 13) == 0x3a &&
    byteAt(at + 16) == 0x3a &&
    byteAt(at + 19) == 0x2e &&
    byteAt(at + 23) == 0x5a;
  const year = numberAt(at, 4);
  const month = numberAt(at + 5, 2);
  const day = numberAt(at + 8, 2);
  const hour = numberAt(at + 11, 2);
  const minute = numberAt(at + 14, 2);
  const second = numberAt(at + 17, 2);
  const ms = numberAt(at + 20, 3);
  const isDate = month >= 1 && month <= 12 && day >= 1 && day <= daysOf(month);
  const isTime =
    hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59 && second >= 0 && second <= 59;
  if (!isMarked || !isDate || !isTime || year < 0 || ms < 0) return NO_TIME;
  const inDay = ((<i64>hour * 60 + minute) * 60 + second) * 1000 + ms;
  return <f64>(daysSince1970(year, month, day) * MS_PER_DAY + inDay);
}

/** Of a year that is no leap year; the one day more of others is the host's matter. */
function daysOf(month: i32): i32 {
  if (month == 2) return 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/** By years that begin in March, so that the day that some of them lack is their last. */
function daysSince1970(year: i32, month: i32, day: i32): i64 {
  const y = month <= 2 ? year - 1 : year;
  const era = (y >= 0 ? y : y - 399) / 400;
  const yearOfEra = y - era * 400;
  const dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear;
  return <i64>era * 146_097 + dayOfEra - 719_468;
}

/** A number of that many digits; negative when something else stands there. */
function numberAt(at: i32, digits: i32): i32 {
  let value = 0;
  for (let i = at; i < at + digits; i++) {
    if (!isDigit(byteAt(i))) return -1;
    value = value * 10 + byteAt(i) - 0x30;
  }
  return value;
}
