import { Duplex } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { ChannelSocket } from '../../../core/kube/channel-socket.ts'
import { FakeClock, settle } from '../../support/clock.ts'
import { serverFrame } from './fake-port-forward.ts'

/** A connection whose far side takes what is written only when `takes`. */
function aSocket(takes: boolean) {
  const written: Buffer[] = []
  const socket = new Duplex({
    read: () => undefined,
    write(bytes: Buffer, _, done) {
      written.push(bytes)
      if (takes) done()
    },
  })
  const clock = new FakeClock()
  const heard: [number, string][] = []
  const ends: (string | undefined)[] = []
  const channels = new ChannelSocket(socket, clock, {
    onBytes: (channel, bytes) => void heard.push([channel, bytes.toString()]),
    onEnd: (reason) => void ends.push(reason),
  })
  return { socket, clock, written, heard, ends, channels }
}

describe('a connection with channels', () => {
  it('is left once the goodbye is out', async () => {
    const { socket, channels, written, clock } = aSocket(true)
    void channels.send(0, Buffer.from('x'))
    channels.leave()
    await settle()
    expect(socket.destroyed).toBe(true)
    expect(written.map((frame) => frame[0])).toEqual([0x82, 0x88])
    expect(clock.sleeping, 'no timer is left').toBe(0)
  })

  it('is left after a moment though the far side takes nothing, and nobody waits for room in it', async () => {
    const { socket, channels, clock, ends } = aSocket(false)
    let isSent = false
    void channels.send(0, Buffer.alloc(200_000)).then(() => (isSent = true))
    await settle()
    expect(isSent).toBe(false)
    channels.leave()
    await clock.advance(900)
    expect(socket.destroyed).toBe(false)
    await clock.advance(200)
    expect([socket.destroyed, isSent]).toEqual([true, true])
    expect(ends).toEqual([])
    channels.leave()
    expect(clock.sleeping).toBe(0)
  })

  it('is not heard any more once it was left or has ended', async () => {
    for (const end of ['leave', 'goodbye'] as const) {
      const { socket, channels, heard, ends } = aSocket(false)
      socket.push(serverFrame(2, Buffer.from('\x01before')))
      await settle()
      if (end === 'leave') channels.leave()
      else socket.push(serverFrame(8, Buffer.alloc(0)))
      socket.push(serverFrame(2, Buffer.from('\x01after')))
      socket.push(serverFrame(0, Buffer.from('and more')))
      await settle()
      expect(heard).toEqual([[1, 'before']])
      expect(ends).toEqual(end === 'leave' ? [] : [undefined])
    }
  })

  it('has messages without a channel, empty ones, and goodbyes without a code', async () => {
    const { socket, heard, ends } = aSocket(true)
    socket.push(serverFrame(0, Buffer.from('of nothing')))
    socket.push(serverFrame(2, Buffer.alloc(0)))
    socket.push(serverFrame(2, Buffer.of(2), false))
    socket.push(serverFrame(9, Buffer.alloc(0)))
    socket.push(serverFrame(0, Buffer.from('words')))
    socket.push(serverFrame(8, Buffer.of(3)))
    await settle()
    expect(heard).toEqual([[2, 'words']])
    expect(ends).toEqual([undefined])
  })
})
