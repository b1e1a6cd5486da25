// The other side of receivers in tests: an HTTP server and an SMTP server on loopback that record and answer as told.
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'

export interface Recorded {
  readonly method: string
  readonly path: string
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
}

export interface Peer extends AsyncDisposable {
  readonly url: string
  readonly requests: Recorded[]
  /** What the next requests are answered, in order; the last one is repeated. */
  answers: { status: number; body?: string; headers?: Record<string, string> }[]
  hang: boolean
}

export async function startPeer(): Promise<Peer> {
  const requests: Recorded[] = []
  const server = http.createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (chunk: string) => (body += chunk))
    request.on('end', () => {
      requests.push({ method: request.method!, path: request.url!, headers: request.headers, body })
      if (peer.hang) return
      const given = peer.answers.length > 1 ? peer.answers.shift()! : peer.answers[0]!
      response.writeHead(given.status, given.headers).end(given.body ?? '')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const peer: Peer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    answers: [{ status: 200, body: 'ok' }],
    hang: false,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return peer
}

export interface MailServer extends AsyncDisposable {
  readonly address: string
  readonly messages: string[]
  /** The answer to the message itself. */
  verdict: string
}

/** As much SMTP as a client needs to hand over a message. */
export async function startMailServer(): Promise<MailServer> {
  const messages: string[] = []
  const sockets = new Set<net.Socket>()
  const server = net.createServer((socket) => {
    sockets.add(socket)
    let inData = false
    let data = ''
    let pending = ''
    socket.on('error', () => {})
    socket.setEncoding('utf8')
    socket.write('220 sink ESMTP\r\n')
    socket.on('data', (chunk: string) => {
      pending += chunk
      for (let end = pending.indexOf('\r\n'); end >= 0; end = pending.indexOf('\r\n')) {
        const line = pending.slice(0, end)
        pending = pending.slice(end + 2)
        if (inData && line === '.') {
          inData = false
          if (mail.verdict.startsWith('2')) messages.push(data)
          data = ''
          socket.write(`${mail.verdict}\r\n`)
        } else if (inData) data += `${line.replace(/^\.\./, '.')}\n`
        else if (/^DATA/i.test(line)) {
          inData = true
          socket.write('354 go on\r\n')
        } else if (/^QUIT/i.test(line)) socket.end('221 bye\r\n')
        else socket.write('250 ok\r\n')
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const mail: MailServer = {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    messages,
    verdict: '250 taken',
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return mail
}
