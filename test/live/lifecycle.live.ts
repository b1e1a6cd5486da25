// Terraform itself finds nothing to lay out anew in what we write.
import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const golden = path.resolve(import.meta.dirname, '../advisors/golden/lifecycle.tf')

test('a lifecycle document as Terraform is laid out as terraform fmt does', async () => {
  const { stdout } = await promisify(execFile)('terraform', ['fmt', '-check', '-diff', '-no-color', golden])
  expect(stdout).toBe('')
})
