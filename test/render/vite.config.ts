import path from 'node:path'
import { defineConfig } from 'vite'

/** The page, with the committed dashboards beside it. */
export default defineConfig({
  root: path.join(import.meta.dirname, 'page'),
  publicDir: path.resolve(import.meta.dirname, '../../dashboards'),
  build: {
    outDir: path.join(import.meta.dirname, 'dist'),
    emptyOutDir: true,
    target: 'esnext',
    chunkSizeWarningLimit: 10_000,
  },
  logLevel: 'error',
})
