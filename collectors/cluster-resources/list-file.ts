import type { Body, RawList, RawObject } from '../../core/contract/index.ts'
import { IndentedJson } from './indented-json.ts'

/** How objects become a file. */
export interface ListForm {
  /** of the items, without their namespace and version: `Pod` */
  kind: string
  apiVersion: string
}

/** For what is written in one go: nothing else runs meanwhile. */
const shared = new IndentedJson()

/** Written at once from this size on, while more comes. */
const FLUSH_BYTES = 256 * 1024

/** A List of Kubernetes; the server leaves kind and version out of its items, and readers need them. */
export function listText(form: ListForm, items: Iterable<Uint8Array>, resourceVersion = ''): Uint8Array {
  const file = shared
  writeHead(file, form, resourceVersion)
  let count = 0
  for (const item of items) writeItem(file, form, item, count++)
  writeTail(file, count)
  return file.take()
}

/** The same of a list that is too large to be held. */
export function listBody(form: ListForm, parts: () => AsyncIterable<RawList>): Body {
  return async function* () {
    const file = new IndentedJson()
    let count = 0
    for await (const { items, resourceVersion, failure } of parts()) {
      if (failure) throw failure
      if (count === 0 && file.length === 0) writeHead(file, form, resourceVersion)
      for (const item of items) {
        writeItem(file, form, bytesOf(item), count++)
        if (file.length >= FLUSH_BYTES) yield file.take()
      }
    }
    if (count === 0 && file.length === 0) writeHead(file, form, '')
    writeTail(file, count)
    yield file.take()
  }
}

/** A bare array, as custom resources are kept: they name their kind themselves. */
export function arrayText(items: Iterable<Uint8Array>): Uint8Array {
  const file = shared
  let count = 0
  for (const item of items) {
    file.text(count++ === 0 ? '[\n  ' : ',\n  ')
    file.value(item, 1)
  }
  file.text(count === 0 ? '[]' : '\n]')
  return file.take()
}

/** The same of a list that is too large to be held. */
export function arrayBody(parts: () => AsyncIterable<RawList>): Body {
  return async function* () {
    const file = new IndentedJson()
    let count = 0
    for await (const { items, failure } of parts()) {
      if (failure) throw failure
      for (const item of items) {
        file.text(count++ === 0 ? '[\n  ' : ',\n  ')
        file.value(bytesOf(item), 1)
        if (file.length >= FLUSH_BYTES) yield file.take()
      }
    }
    file.text(count === 0 ? '[]' : '\n]')
    yield file.take()
  }
}

export const bytesOf = (object: RawObject): Uint8Array => object.bytes ?? Buffer.from(object.text)

function writeHead(file: IndentedJson, { kind, apiVersion }: ListForm, resourceVersion: string): void {
  const metadata = resourceVersion === '' ? '{}' : `{\n    "resourceVersion": ${JSON.stringify(resourceVersion)}\n  }`
  file.text(`{\n  "kind": "${kind}List",\n  "apiVersion": "${apiVersion}",\n  "metadata": ${metadata},\n  "items": [`)
}

function writeItem(file: IndentedJson, form: ListForm, item: Uint8Array, index: number): void {
  file.text(index === 0 ? '\n    ' : ',\n    ')
  file.value(item, 2, isTyped(item) ? undefined : headOf(form))
}

const writeTail = (file: IndentedJson, count: number) => file.text(count === 0 ? ']\n}' : '\n  ]\n}')

const heads = new WeakMap<ListForm, Uint8Array>()

function headOf(form: ListForm): Uint8Array {
  const known = heads.get(form)
  if (known) return known
  const head = Buffer.from(`\n      "kind": "${form.kind}",\n      "apiVersion": "${form.apiVersion}",`)
  heads.set(form, head)
  return head
}

const TYPED = [Buffer.from('{"kind":'), Buffer.from('{"apiVersion":')]

/** The server writes both first, or neither. */
function isTyped(item: Uint8Array): boolean {
  return TYPED.some((head) => head.every((byte, at) => item[at] === byte))
}
