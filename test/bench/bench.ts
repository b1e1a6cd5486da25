// npm run bench -- AREA [CASE]: prints one JSON line per case; promql includes rules and stalls. Each area is a module with `run(only)`.
const AREAS: Readonly<Record<string, () => Promise<{ run(only?: string): Promise<void> }>>> = {
  savings: () => import('./savings.ts'),
  tui: () => import('./tui.ts'),
  ledger: () => import('./ledger.ts'),
  tables: () => import('./tables.ts'),
  promql: () => import('./promql.ts'),
  rules: () => import('./rules.ts'),
  stalls: () => import('./stalls.ts'),
  spark: () => import('./spark.ts'),
  store: () => import('./store.ts'),
  scrape: () => import('./scrape.ts'),
}

const [name = '', only] = process.argv.slice(2)
const area = Object.hasOwn(AREAS, name) ? AREAS[name] : undefined
if (area === undefined) {
  console.error(
    `usage: npm run bench -- AREA [CASE]; areas: ${Object.keys(AREAS).join(', ')}; promql includes rules and stalls`,
  )
  process.exit(2)
}
await (await area()).run(only)
