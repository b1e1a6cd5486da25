// The registry: one line a collector.
import { airflow } from './airflow/airflow.ts'
import { awsPricing } from './aws-pricing/aws-pricing.ts'
import { bill } from './bill/bill.ts'
import { cloudwatch } from './cloudwatch/cloudwatch.ts'
import { dbt } from './dbt/dbt.ts'
import { greatExpectations } from './great-expectations/great-expectations.ts'
import { lake } from './lake/lake.ts'
import { openlineage } from './openlineage/openlineage.ts'
import { prefect } from './prefect/prefect.ts'
import { push } from './push/push.ts'
import { s3 } from './s3/s3.ts'
import { soda } from './soda/soda.ts'
import { spark } from './spark/spark.ts'

export const collectors = [
  airflow,
  cloudwatch,
  awsPricing,
  bill,
  dbt,
  greatExpectations,
  lake,
  openlineage,
  prefect,
  push,
  s3,
  soda,
  spark,
] as const

export { readTableFiles } from './lake/lake.ts'
