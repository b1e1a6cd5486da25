// One thread of the bench: worlds in, what they came to out.
import fs from 'node:fs'
import path from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { ratesOf } from '../../../src/bill/bill.ts'
import type { World } from './mixes.ts'
import { playWorld } from './play.ts'

const book = path.join(import.meta.dirname, '../../../prices/aws.json')
const rates = ratesOf(JSON.parse(fs.readFileSync(book, 'utf8')))

for (const world of workerData as readonly World[]) parentPort!.postMessage(playWorld(world, rates))
