import { describeFailover } from "../support/failover-suite.ts";

describeFailover({
  eventsPerSecond: 1_000,
  healthyMs: 10_000,
  refusesMs: 120_000,
  lateMs: 60_000,
  kills: 8,
});
