// A server on a free loopback port that answers by a function of the request.
import http from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export async function serve(
  answer: (request: http.IncomingMessage) => Answer,
): Promise<AsyncDisposable & { readonly url: string }> {
  const server = http.createServer((request, response) => {
    request.resume()
    const { status, headers = {}, body = '' } = answer(request)
    response.writeHead(status, headers).end(body)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
}
