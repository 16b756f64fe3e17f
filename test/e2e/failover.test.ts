import { describeFailover } from "../support/failover-suite.ts";

describeFailover({
  eventsPerSecond: 1_000,
  healthyMs: 3_000,
  refusesMs: 8_000,
  lateMs: 8_000,
  kills: 0,
});
