// Names of tables in tools that check data → dataset ids: what the configuration says, else the tool's own words.
import { z } from 'zod'
import { type DatasetName, datasetName, datasetOf } from '../model/dataset.ts'

export const DatasetNames = z
  .record(
    z.string(),
    z
      .string()
      .refine((uri) => datasetOf(uri) !== undefined, 'expected a dataset such as s3://lake/gold/orders'),
  )
  .prefault({})
  .describe("The tool's name of a table → the dataset it is: `shop.orders: s3://lake/gold/orders`.")

/** `own` is the tool's name; `said` a location that the tool itself names. */
export function nameDataset(
  names: Readonly<Record<string, string>>,
  namespace: string,
  own: string,
  said: string | null,
): DatasetName {
  const configured = Object.hasOwn(names, own) ? names[own] : undefined
  return (
    (configured === undefined ? undefined : datasetOf(configured)) ??
    (said === null ? undefined : datasetOf(said)) ??
    datasetName(namespace, own)
  )
}
