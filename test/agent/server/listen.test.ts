import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { listen } from '../../../agent/server/listen.ts'

const app = new Hono().get('/', (context) => context.text('here'))

describe('the HTTP server', () => {
  it('listens on loopback, on any free port, until it is closed', async () => {
    const server = await listen(app, 0, 'scheduler.yaml')
    expect(await (await fetch(`http://127.0.0.1:${server.port}/`)).text()).toBe('here')
    await server.close()
    await expect(fetch(`http://127.0.0.1:${server.port}/`)).rejects.toThrow()
  })

  it('says which setting to change when its port is taken', async () => {
    const server = await listen(app, 0, 'scheduler.yaml')
    await expect(listen(app, server.port, 'scheduler.yaml')).rejects.toMatchObject({
      code: 'PORT_TAKEN',
      message: `port ${server.port} is in use`,
      remedy: 'set another "metricsPort" in scheduler.yaml (0 = any)',
    })
    await expect(listen(app, server.port, 'c.yaml', '127.0.0.1', 'port')).rejects.toMatchObject({
      remedy: 'set another "port" in c.yaml (0 = any)',
    })
    await server.close()
  })

  it('does not wait for connections that are kept open', async () => {
    const server = await listen(app, 0, 'scheduler.yaml')
    await (await fetch(`http://127.0.0.1:${server.port}/`, { headers: { connection: 'keep-alive' } })).text()
    await server.close()
  })
})
