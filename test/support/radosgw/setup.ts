import { useS3 } from "../../../scripts/stack/start-stack.ts";
import { startRadosgw } from "./aws.ts";

/** The stacks of these tests keep their files at Ceph's gateway; the tests themselves are the same. */
useS3(startRadosgw);
