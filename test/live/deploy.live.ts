// deploy/ before the tools it is for, as far as they are here: kubectl, terraform, systemd, promtool. A tool that is not
// installed fails its test; run.sh does not install kubectl, terraform and systemd.
import { execFileSync, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'

const deploy = path.resolve(import.meta.dirname, '../../deploy')

test('kubectl builds the kustomization', () => {
  const text = execFileSync('kubectl', ['kustomize', path.join(deploy, 'kubernetes')], { encoding: 'utf8' })
  const kinds = parseAllDocuments(text).map((document) => (document.toJS() as { kind: string }).kind)

  expect(kinds.toSorted()).toEqual([
    'ConfigMap',
    'Namespace',
    'NetworkPolicy',
    'Service',
    'ServiceAccount',
    'StatefulSet',
  ])
})

test('terraform finds its files formatted', () => {
  const { status, stdout } = spawnSync(
    'terraform',
    ['fmt', '-check', '-diff', path.join(deploy, 'terraform')],
    {
      encoding: 'utf8',
      env: { ...process.env, TF_CLI_CONFIG_FILE: os.devNull },
    },
  )

  expect([status, stdout]).toEqual([0, ''])
})

test('systemd takes the unit and finds little exposed', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tidemark-unit-'))
  const unit = path.join(folder, 'tidemark.service')
  const text = fs.readFileSync(path.join(deploy, 'systemd/tidemark.service'), 'utf8')
  // The program is not installed where the unit says.
  fs.writeFileSync(unit, text.replace('/opt/tidemark/node_modules/node/bin/node', '/bin/true'))

  const verified = spawnSync('systemd-analyze', ['verify', unit], { encoding: 'utf8' })
  const security = execFileSync('systemd-analyze', ['security', '--offline=true', unit], { encoding: 'utf8' })
  fs.rmSync(folder, { recursive: true })

  expect([verified.status, verified.stderr]).toEqual([0, ''])
  expect(Number(/Overall exposure level for \S+ ([\d.]+)/.exec(security)?.[1])).toBeLessThan(2)
})

test('promtool takes the scrape configuration', () => {
  const file = path.join(deploy, 'compose/prometheus.yml')
  expect(
    execFileSync('promtool', ['check', 'config', '--syntax-only', file], { encoding: 'utf8' }),
  ).toContain('SUCCESS')
})
