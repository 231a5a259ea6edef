import { reason } from './check.ts'
import type { Gathered, GatheredFile } from './gather.ts'

/** What is wrong with all that a collector yielded for one entry of a spec. */
export function outputProblems({ outputs, files, error }: Gathered, folders: string[], entry: object): string[] {
  const problems = outputs.flatMap((output) => {
    if ('path' in output) return fileProblems(output, folders, entry)
    return output.code === '' || output.message === '' ? ['a warning has no code or no message'] : []
  })
  const paths = files.flatMap(({ path, links }) => [path, ...links])
  const twice = paths.filter((path, at) => paths.indexOf(path) !== at)
  if (twice.length > 0) problems.push(`more than once: ${twice.join(', ')}`)
  if (files.length === 0) problems.push('no file was collected: give the check a machine on which there is something')
  if (error !== undefined) problems.push(`it threw ${reason(error)}`)
  return problems
}

function fileProblems({ path, links, format, bytes, text }: GatheredFile, folders: string[], entry: object): string[] {
  const problems = [path, ...links].filter((one) => !isRelative(one)).map((one) => `"${one}" is no relative path`)
  if (!folders.some((folder) => isWithin(path, folder, entry))) problems.push(`"${path}" is not within ${folders.join(', ')}`)
  if (format === 'json' && !isJson(text)) problems.push(`"${path}" is no JSON`)
  if (format === 'text' && bytes.includes(0)) problems.push(`"${path}" is called text, but has NUL bytes`)
  return problems
}

function isRelative(path: string): boolean {
  return !path.includes('\\') && path.split('/').every((segment) => !['', '.', '..'].includes(segment))
}

/** `$name` in a manifest's output folder: the entry's name, else its collectorName, else the root. */
function isWithin(path: string, folder: string, entry: { name?: unknown; collectorName?: unknown }): boolean {
  const name = [entry.name, entry.collectorName].find((one) => typeof one === 'string' && one !== '')
  const place = folder
    .replace('$name', typeof name === 'string' ? name : '')
    .split('/')
    .filter((segment) => segment !== '')
    .join('/')
  return place === '' || path === place || path.startsWith(`${place}/`)
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
