// Soda: scan results that are written to files (`soda scan --scan-results-file`) as checks.
import { checkFiles } from '../check-files.ts'
import { checksOf } from './scan-results.ts'

export const soda = checkFiles({
  type: 'soda',
  about: {
    path: 'A folder or `s3://bucket/prefix` with one JSON file per scan.',
    namespace: 'OpenLineage namespace of the data sources.',
  },
  checksOf,
})
