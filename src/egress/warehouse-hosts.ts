import type { HomeRegion } from "../core/ids.ts";
import type { HostRule } from "./host-rules.ts";

/** A vendor whose Postgres hosts show in their names where they are. */
export type WarehouseVendor = {
  readonly vendor: string;
  /** `{aws}` stands for the name of an AWS region. */
  readonly host: string;
  readonly ports: readonly number[];
  /** Where the vendor says how its hosts are named, and when that was read. */
  readonly source: string;
  readonly readOn: string;
};

export const WAREHOUSE_VENDORS: readonly WarehouseVendor[] = [
  {
    vendor: "Amazon RDS and Aurora",
    host: "*.{aws}.rds.amazonaws.com",
    ports: [5432],
    source: "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.DBInstance.html",
    readOn: "2026-11-22",
  },
  {
    vendor: "Neon",
    host: "*.{aws}.aws.neon.tech",
    ports: [5432],
    source: "https://neon.com/faqs/find-database-connection-string-url",
    readOn: "2026-11-22",
  },
  {
    vendor: "Supabase, shared pooler",
    host: "aws-#-{aws}.pooler.supabase.com",
    ports: [5432, 6543],
    source: "https://supabase.com/docs/guides/database/connecting-to-postgres",
    readOn: "2026-11-22",
  },
];

/**
 * AWS regions inside each home. `eu-west-2` is London and `eu-central-2` Zurich: neither is in the
 * European Union, so a workspace that keeps its data there has to declare the host itself.
 */
export const AWS_REGIONS: Readonly<Record<HomeRegion, readonly string[]>> = {
  us: ["us-east-1", "us-east-2", "us-west-1", "us-west-2"],
  eu: ["eu-west-1", "eu-west-3", "eu-central-1", "eu-north-1", "eu-south-1", "eu-south-2"],
};

/** Warehouse hosts whose name shows that they are in the region. */
export function warehouseHosts(region: HomeRegion): readonly HostRule[] {
  return WAREHOUSE_VENDORS.flatMap(({ host, ports }) =>
    AWS_REGIONS[region].flatMap((aws) =>
      ports.map((port) => ({
        host: host.replace("{aws}", aws),
        port,
        level: "vendor_endpoint" as const,
      })),
    ),
  );
}
