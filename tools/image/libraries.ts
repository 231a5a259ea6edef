import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { basename, join } from 'node:path'
import { ARCHITECTURES, type Architecture } from './architectures.ts'
import { readElf } from './elf.ts'

/**
 * What a program is linked to, and what that is linked to: path in the image → file on disk. The dynamic loader is where the program
 * asks for it, the libraries where that loader looks without being told.
 *
 * @param root holds Debian's packages, unpacked
 * @throws when one of them is not there, or is for another processor
 */
export function linkedLibraries(program: Buffer, root: string, architecture: Architecture): Map<string, string> {
  const { triplet, elfMachine } = ARCHITECTURES[architecture]
  const find = (name: string): string => {
    const found = ['lib', 'usr/lib'].map((folder) => join(root, folder, triplet, name)).find((path) => existsSync(path))
    if (!found) throw new Error(`node for ${architecture} is linked to ${name}, which is in none of the packages in ${root}`)
    return realpathSync(found)
  }
  const { interpreter, machine, needed } = readElf(program)
  if (!interpreter || machine !== elfMachine) throw new Error(`this is no program for ${architecture}`)
  const libraries = new Map([[interpreter, find(basename(interpreter))]])
  for (const todo = [...needed]; todo.length > 0;) {
    const name = todo.shift() ?? ''
    const path = `/lib/${triplet}/${name}`
    // the loader is there before anything is loaded
    if (name === basename(interpreter) || libraries.has(path)) continue
    const file = find(name)
    const elf = readElf(readFileSync(file))
    if (elf.machine !== elfMachine) throw new Error(`${file} is not for ${architecture}`)
    libraries.set(path, file)
    todo.push(...elf.needed)
  }
  return libraries
}
