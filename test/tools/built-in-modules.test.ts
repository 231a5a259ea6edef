import { describe, expect, it } from 'vitest'
import { onTop, withoutImports } from '../../tools/built-in-modules.ts'

describe('built-in modules in a chunk', () => {
  it.each([
    ['import { a, b as c } from "node:fs";\n', 'const { a, b: c } = process.getBuiltinModule("node:fs");\n'],
    [
      'import {\n  a,\n  b as $c\n} from "fs/promises";\n',
      'const {\n  a,\n  b: $c\n} = process.getBuiltinModule("fs/promises");\n',
    ],
    ['import fs from "node:fs";\n', 'const fs = process.getBuiltinModule("node:fs");\n'],
    ['import * as fs from "fs";\n', 'const fs = process.getBuiltinModule("fs");\n'],
    [
      'import fs, { a } from "fs";\n',
      'const fs = process.getBuiltinModule("fs");\nconst { a } = process.getBuiltinModule("fs");\n',
    ],
  ])('%j', (code, want) => expect(withoutImports(code)).toBe(want))

  it.each([
    'import { a } from "./chunk-X.js";\n',
    'import { z } from "zod";\n',
    'import("node:fs");\n',
    'import "./chunk-X.js";\n',
  ])('leaves %j', (code) => expect(withoutImports(code)).toBe(code))

  it('come before all that needs them, but behind the line that names the interpreter', () => {
    expect(withoutImports('#!/usr/bin/env node\nuse();\nimport os from "os";\n')).toBe(
      '#!/usr/bin/env node\nconst os = process.getBuiltinModule("os");\nuse();\n',
    )
    expect(onTop('a', 'b')).toBe('ba')
  })
})
