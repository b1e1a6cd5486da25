// deploy/ before the tools it is for: kubectl, terraform, systemd, promtool, and the schemas of Kubernetes, of the
// Prometheus operator and of Compose. A tool that is not installed fails its test; kubectl and terraform are in no package
// that run.sh could install.
import { execFileSync, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { pythonProgram } from './servers.ts'

const deploy = path.resolve(import.meta.dirname, '../../deploy')
const KUBERNETES = ['1.31', '1.37']

/** Nothing, or what the schema says is wrong. */
const wrongIn = (input: string, ...args: readonly string[]): string =>
  spawnSync(pythonProgram('python'), [path.join(import.meta.dirname, 'validate.py'), ...args], {
    input,
    encoding: 'utf8',
  })
    .output.join('')
    .trim()

test('kubectl builds the kustomization; its resources are what Kubernetes and the operator take', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tidemark-kustomize-'))
  fs.cpSync(path.join(deploy, 'kubernetes'), folder, { recursive: true })
  // As the comment at its head says.
  fs.appendFileSync(path.join(folder, 'kustomization.yaml'), 'components: [prometheus-operator]\n')
  const text = execFileSync('kubectl', ['kustomize', folder], { encoding: 'utf8' })
  fs.rmSync(folder, { recursive: true })
  const kinds = parseAllDocuments(text).map((document) => (document.toJS() as { kind: string }).kind)

  expect(kinds.toSorted()).toEqual([
    'ConfigMap',
    'Namespace',
    'NetworkPolicy',
    'PrometheusRule',
    'Service',
    'ServiceAccount',
    'ServiceMonitor',
    'StatefulSet',
  ])
  for (const version of KUBERNETES) expect(wrongIn(text, 'kubernetes', version)).toBe('')
  const broken = text.replace('replicas: 1', 'replicas: one').replace('expr:', 'exprs:')
  expect(wrongIn(broken, 'kubernetes', KUBERNETES[0]!)).toMatch(
    /StatefulSet: .*'one'[\s\S]*PrometheusRule: |PrometheusRule: [\s\S]*StatefulSet: /,
  )
})

test('Compose takes the file', () => {
  const text = fs.readFileSync(path.join(deploy, 'compose/compose.yaml'), 'utf8')

  expect(wrongIn(text, 'compose')).toBe('')
  expect(wrongIn(text.replace('read_only: true', 'readonly: true'), 'compose')).toContain("'readonly'")
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
