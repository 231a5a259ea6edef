import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import type { Hono } from 'hono'
import { fail, reasonOf } from '../../core/errors.ts'

/**
 * Serves on one address; on a computer that is loopback. `key`: of the config, for the port. Throws PORT_TAKEN, PORT_FORBIDDEN.
 * `close` gives requests at work a moment.
 */
export async function listen(
  app: Hono,
  port: number,
  configFile: string,
  host = '127.0.0.1',
  key: 'port' | 'metricsPort' = 'metricsPort',
): Promise<{ port: number; close(): Promise<void> }> {
  const server = createAdaptorServer({ fetch: app.fetch })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(explain(error, { port: String(port), key, config: configFile })),
    )
    server.listen(port, host, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        if ('closeAllConnections' in server) server.closeAllConnections()
      }),
  }
}

function explain(error: NodeJS.ErrnoException, fields: { port: string; key: string; config: string }): Error {
  if (error.code === 'EADDRINUSE') return fail('PORT_TAKEN', fields, error)
  if (error.code === 'EACCES') return fail('PORT_FORBIDDEN', fields, error)
  return fail('INTERNAL', { reason: reasonOf(error) }, error)
}
