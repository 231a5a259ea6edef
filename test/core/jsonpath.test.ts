import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isFailure } from '../../core/errors.ts'
import { compileJsonPath, findJsonPath } from '../../core/jsonpath/index.ts'

/** What was given to kubectl: `kubectl label --local -f shop.json q=r -o jsonpath=…`. */
const shop = {
  apiVersion: 'example.com/v1',
  kind: 'Shop',
  metadata: {
    name: 'c',
    labels: { q: 'r' },
    annotations: { 'app.kubernetes.io/name': 'web', 'a b': 'sp', html: '<a> & b' },
  },
  data: { k: 'v', n: '' },
  list: [
    { name: 'one', n: 1, f: 1.5, ok: true, list: ['a', 'b'], tags: { x: 'y' } },
    { name: 'two', n: 20, f: 2.25, ok: false, list: [], nul: null },
    { name: 'three', n: 3, f: 10000000.5, ok: true, list: ['c'], tags: { x: 'z' } },
  ],
  deep: [[1, 2], [3]],
  mixed: [null, 's', 7, { b: 1, a: '<' }],
  nul: null,
  empty: {},
  none: [],
  numbers: [1234567890123, 0.00001, 0.0001, 123456.5, 1234567.5, -3, -0.5],
}

const refused = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    if (isFailure(error, 'USAGE_FLAG_VALUE')) return error.fields['reason'] ?? ''
    throw error
  }
  return 'nothing was refused'
}

describe('a template prints what kubectl prints', () => {
  const OBSERVED: [template: string, printed: string][] = [
    // text and literals
    ['a}b', 'a}b'],
    ['{.metadata.name}}', 'c}'],
    ['before-{.hello}after', 'before-after'],
    ['{"\\n"}|{\'\\t\'}|{"{"}', '\n|\t|{'],
    ['{"\\u00e9\\x41\\102\\"\\\\ \\U0001F600"}', 'éAB"\\ 😀'],
    ["{'it\\'s'}", "it's"],
    ['{true}{3}{-1.5}{+2}{"a" "b"}', 'true3-1.52b'],
    ['{.kind "x"}{.missing 3}|{.missing "x"}', 'x|x'],
    // names
    ['{.metadata.name}', 'c'],
    ['{$.kind}{@.kind}{ $.kind }{.kind$}', 'ShopShopShopShop'],
    ['{.metadata.annotations.app\\.kubernetes\\.io/name}', 'web'],
    ["{.metadata.annotations['app\\.kubernetes\\.io/name']}", 'web'],
    ['{.metadata.annotations.a\\ b}', 'sp'],
    ["{['metadata.name']}", 'c'],
    ['{.missing}|{.nul.x}|{.kind.x}|{.list.name}|{.list.length}', '||||'],
    ['{..x}', 'y z'],
    ['{...x}', 'y z'],
    ["{..['x']}", 'y z'],
    ['{.data..}', '{"k":"v","n":""} v'],
    // lists
    ['{.list[0].name}{.list[-1].name}{.list [1] .name}', 'onethreetwo'],
    ['{.list[].name}', 'one'],
    ['{.list[*].name}', 'one two three'],
    ['{.list[:].name}', 'one two three'],
    ['{.list[0:2].name}', 'one two'],
    ['{.list[-2:].name}', 'two three'],
    ['{.list[0:-1].name}', 'one two'],
    ['{.list[::2].name}', 'one three'],
    ['{.list[1:3:5].name}', 'two'],
    ['{.list[0:0].name}|{.list[7:7].name}', '|'],
    ['{.list[0,2].name}', 'one three'],
    ['{.list[-1,0].name}', 'three one'],
    ['{.list[0:2, 2].name}', 'one two three'],
    ["{.list[*]['name','n']}", 'one two three 1 20 3'],
    ["{.list[*]['tags.x', 'name']}", 'y z one two three'],
    ['{.list[-1,?(@.n==1)].name}', 'three one'],
    ['{.list[0].tags.*}', 'y'],
    ['{.deep.*}', '[1,2] [3]'],
    ['{.deep[*][*]}', '1 2 3'],
    ['{.deep[*][0]}', '1 3'],
    // filters
    ['{.list[?(@.name=="one")].n}', '1'],
    ["{.list[?(@.name=='two')].n}", '20'],
    ['{.list[?(.tags.x == "z")].name}', 'three'],
    ['{.list[?( @.n >= 3 )].name}', 'two three'],
    ['{.list[?(@.n<3)].name}|{.list[?(@.n<=3)].name}|{.list[?(@.n>3)].name}', 'one|one three|two'],
    ['{.list[?(@.f>1.6)].name}', 'two three'],
    ['{.list[?(@.name!="one")].name}', 'two three'],
    ['{.list[?(@.tags.x!="y")].name}', 'three'],
    ['{.list[?(@.ok==true)].name}|{.list[?(@.ok!=true)].name}', 'one three|two'],
    ['{.list[?(@.name>="three")].name}', 'two three'],
    ['{.list[?(@.name==@.name)].n}', '1 20 3'],
    ['{.list[?(@.tags)].name}', 'one three'],
    ['{.list[?(@.nul)].name}', 'two'],
    ['{.list[?(@..x=="y")].name}', 'one'],
    ["{.list[?(@['missing'])].name}", ''],
    ['{.list[?(@.name==")")]}{.list[?(@.name=="a\\")b")]}x', 'x'],
    ['{.list[?(@.missing==1)]}{.missing[?(@.x)]}{.none[?(@.x)]}', ''],
    // ranges
    ['{range .list[*]}{.name}{"\\t"}{.n}{"\\n"}{end}', 'one\t1\ntwo\t20\nthree\t3\n'],
    ['{range .list[*]}{range .list[*]}{@}{end}{"+"}{end}{.kind}', 'ab++c+Shop'],
    ['{ range .list[?(@.ok==true)] }{.name},{ end }!', 'one,three,!'],
    ['{range .list[*]}{$.kind}{.name} {end}', 'one two three '],
    ['{range .none[*]}x{range .y[*]}z{end}{end}|', '|'],
    ['{range .metadata}{.name}{end}', 'c'],
    // printing
    ['{.metadata.annotations}', '{"a b":"sp","app.kubernetes.io/name":"web","html":"\\u003ca\\u003e \\u0026 b"}'],
    ['{.metadata.annotations.html}', '<a> & b'],
    ['{.list[0]}', '{"f":1.5,"list":["a","b"],"n":1,"name":"one","ok":true,"tags":{"x":"y"}}'],
    ['{.mixed}|{.mixed[*]}', '[null,"s",7,{"a":"\\u003c","b":1}]|null s 7 {"a":"\\u003c","b":1}'],
    ['{.nul}{.empty}{.none}', 'null{}[]'],
    ['{.list[*].ok}', 'true false true'],
    ['{.list[*].f}', '1.5 2.25 1.00000005e+07'],
    ['{.numbers[*]}', '1234567890123 1e-05 0.0001 123456.5 1.2345675e+06 -3 -0.5'],
    ['{.numbers}', '[1234567890123,0.00001,0.0001,123456.5,1234567.5,-3,-0.5]'],
  ]
  it.each(OBSERVED)('%s', (template, printed) => {
    expect(compileJsonPath(template)(shop)).toBe(printed)
  })

  /** `kubectl config view --kubeconfig F -o jsonpath=…` */
  const kubeconfig = {
    kind: 'Config',
    clusters: [{ name: 'dev', cluster: { server: 'https://dev:6443' } }],
    contexts: [
      { name: 'a', context: { cluster: 'dev', user: 'ann' } },
      { name: 'b', context: { cluster: 'dev', user: 'bob', namespace: 'shop' } },
    ],
    'current-context': 'b',
    users: [
      { name: 'ann', user: { token: 'REDACTED' } },
      { name: 'bob', user: {} },
    ],
  }
  it.each([
    ['{.current-context}', 'b'],
    ['{.contexts[?(@.name=="b")].context.namespace}', 'shop'],
    ['{.users[?(@.user.token)].name}', 'ann'],
    ['{range .contexts[*]}{.name}={.context.user}/{.context.namespace};{end}', 'a=ann/;b=bob/shop;'],
    ['{.clusters[0].cluster.server}', 'https://dev:6443'],
  ])('of a kubeconfig: %s', (template, printed) => {
    expect(compileJsonPath(template)(kubeconfig)).toBe(printed)
  })

  it('every time it is applied', () => {
    const name = compileJsonPath('{range .list[?(@.n>1)]}{.name}{end}')
    expect([name(shop), name({}), name(shop)]).toEqual(['twothree', '', 'twothree'])
  })
})

describe('a template that kubectl refuses is refused, with its position', () => {
  it.each([
    // kubectl: while parsing
    ['{.a', '"{" is not closed by "}" (at character 1)'],
    ['{"a', 'text in quotes is not closed by " (at character 2)'],
    ['{.a[0}', '"[" is not closed by "]" (at character 4)'],
    ['{.a[?(@.x==")]}', 'text in quotes is not closed by " (at character 12)'],
    ['{.a[?(@.x]}', '"]" is not expected (at character 10)'],
    ['{.a[?(@.x)}', '"]" is expected instead of "}" (at character 11)'],
    ['{.a[?(@.x', '"[?(" is not closed by ")" (at character 5)'],
    ['{.a[x]}', '"x" is not an index; names stand in quotes (at character 5)'],
    ['{.a[1:2:3:4]}', '"1:2:3:4" is not an index; names stand in quotes (at character 5)'],
    ['{.a[1-2]}', '"1-2" is not an index; names stand in quotes (at character 5)'],
    ['{.a[?@.x]}', 'a filter begins with "[?(" (at character 5)'],
    ['{.a[?(!@.x)]}', '"!" is not one of == != < <= > >= (at character 7)'],
    ['{*}', '"*" is not expected (at character 2)'],
    ['{😀}', '"😀" is not expected (at character 2)'],
    ['{....a}', '".." follows upon ".." (at character 4)'],
    ['{+12.3.0}', '"+12.3.0" is not a number (at character 2)'],
    ['{..-x}', '"-" is not a number (at character 4)'],
    ['{"\\q"}', '"\\q" is not a known escape (at character 3)'],
    ['{"\\ud800"}', '"\\u" is not a known escape (at character 3)'],
    ['{"\\U00110000"}', '"\\U" is not a known escape (at character 3)'],
    ['{.a, .b}', 'several paths take a brace each: {.a} {.b} (at character 4)'],
    ['{.a[?(@.x==1 && @.y==2)]}', 'filters compare once; "&&" is not known, nor is it in kubectl (at character 14)'],
    ['{.a[?(@.x==1 || @.y==2)]}', 'filters compare once; "||" is not known, nor is it in kubectl (at character 14)'],
    ['{.a[?(@.x=~"y")]}', '"=" is not one of == != < <= > >= (at character 10)'],
    ['{.a[?(@.b[?(@.c)])]}', 'a filter cannot stand inside another one (at character 11)'],
    ['{.a[?(@.x==)]}', 'nothing follows "==" (at character 12)'],
    // kubectl: as soon as it is applied
    ['{metadata.name}', '"metadata" is not known; paths begin with "." and text stands in quotes (at character 2)'],
    ['{ended}', '"ended" is not known; paths begin with "." and text stands in quotes (at character 2)'],
    ['{.a[?(@.x==y)]}', '"y" is not known; paths begin with "." and text stands in quotes (at character 12)'],
    ['{.a[?(@.x="y")]}', '"=" is not one of == != < <= > >= (at character 10)'],
    ['{.a[0:1:0]}', 'the step of a slice is 1 or more (at character 5)'],
    ['a{end}', '{end} closes no {range …} (at character 2)'],
    ['{range .a}{end}{end}', '{end} closes no {range …} (at character 16)'],
    // kubectl: not at all
    ['{"\\xe9"}', '"\\x" is not a known escape (at character 3)'],
    ['x{range .a}{.b}', '{range …} is not closed by {end} (at character 2)'],
    ['{range .a}{end .b}', '{end} takes no path (at character 11)'],
    ['{.a.}', 'a name is missing after "." (at character 5)'],
    ['{.a.@}', 'a name is missing after "." (at character 5)'],
    ["{['a..b']}", 'a name is empty (at character 6)'],
    ["{['a.']}", 'a name is empty (at character 6)'],
    ["{['.a']}", 'a name is empty (at character 4)'],
    ["{['a\\']}", 'a quoted name is not closed (at character 3)'],
    ['{.a\\', 'a character is missing after "\\" (at character 4)'],
    ['', 'it is empty (at character 1)'],
    [' ', 'it is empty (at character 1)'],
  ])('%s', (template, reason) => {
    expect(refused(() => compileJsonPath(template))).toBe(`is not a valid JSONPath template: ${reason}`)
  })

  it.each([
    ['{.list[3]}', 'a list of 3 has no element 3 (at character 8)'],
    ['{.list[-4]}', 'a list of 3 has no element -4 (at character 8)'],
    ['{.none[0]}', 'a list of 0 has no element 0 (at character 8)'],
    ['{.list[0:4]}', 'a list of 3 has no elements 0:4 (at character 8)'],
    ['{.list[?(@.tags)].list[2]}', 'a list of 2 has no element 2 (at character 24)'],
    ['{.list[1:9]}', 'a list of 3 has no elements 1:9 (at character 8)'],
    ['{.list[2:1]}', 'a list of 3 has no elements 2:1 (at character 8)'],
    ['{.list[-1:0]}', 'a list of 3 has no elements -1:0 (at character 8)'],
    ['{.list[-9:]}', 'a list of 3 has no elements -9: (at character 8)'],
    ['{.kind[0]}', 'text is not a list (at character 8)'],
    ['{.empty[*]}', 'an object is not a list (at character 9)'],
    ['{.numbers[5][0]}', 'a number is not a list (at character 14)'],
    ['{.list[0][?(@.x)]}', 'an object is not a list (at character 11)'],
    ['{.list[?(@.n>"1")]}', 'a number cannot be compared with text by ">" (at character 8)'],
    ['{.list[?(@.nul==1)]}', 'null cannot be compared with a number by "==" (at character 8)'],
    ['{.list[?(@.tags=="y")]}', 'an object cannot be compared with text by "==" (at character 8)'],
    ['{.list[?(@.ok>false)]}', 'true or false cannot be compared with true or false by ">" (at character 8)'],
    ['{.list[?(@.list[*]=="a")]}', 'a filter compares one value with one other (at character 8)'],
  ])('when the data does not fit: %s', (template, reason) => {
    const apply = compileJsonPath(template)
    expect(refused(() => apply(shop))).toBe(`has a JSONPath template that does not fit the data: ${reason}`)
  })

  it('as an error that names the flag', () => {
    expect(() => compileJsonPath('{hello}')).toThrow('flag "-o" is not a valid JSONPath template: "hello" is not known')
  })
})

describe('where kubectl errs or prints nothing useful', () => {
  it.each([
    ['.metadata.name', 'c'], // printed as it is
    ['metadata.name', 'c'], // printed as it is
    ['list[?(@.n==1)].name', 'one'], // printed as it is
    ['$.list[1].name', 'two'], // printed as it is
    ['true.x', ''], // printed as it is
    ['{.data["k"]}', 'v'], // error
    ["{.metadata.annotations['a b']}", 'sp'], // error
    ["{['a]b','a,b']}{.list[ 0 ].name}", 'one'], // error
    ["{.metadata.['name']}", 'c'], // nothing
    ['{.data.n}{.data[""]}{[\'\']}', ''], // error
    ['{.list[?(@.list[1])].name}', 'one'], // "one two three"
    ['{.list[*].list[*]}', 'a b c'], // "a b"
    ['{.list[?(@.f>1)].name}', 'one two three'], // error
    ['{.list[?(@.f==1.5)].name}|{.list[?(@.n==1.0)].name}', 'one|one'], // error
    ['{range .mixed[0:2]}{@},{end}', 'null,s,'], // "<no value>,s,"
    ['{.nul[?(@.x)]}', ''], // error
    ['{.kind.*}', ''], // bytes
    ['{.data..*}', 'v '], // error
    ['{\n  .kind\t}', 'Shop'], // error
    ['{"\\\\"}', '\\'], // error
    ['{"it\\\'s"}', "it's"], // error
  ])('%s is taken as meant', (template, printed) => {
    expect(compileJsonPath(template)(shop)).toBe(printed)
  })

  it('{.} is the object itself', () => {
    expect(compileJsonPath('{.}|{$.data}')({ data: 1 })).toBe('{"data":1}|1')
  })
})

describe('findJsonPath', () => {
  it.each([
    ['.metadata.name', ['c']],
    ['metadata.name', ['c']],
    ['{.metadata.name}', ['c']],
    [' {metadata.name} ', ['c']],
    ['list[*].n', [1, 20, 3]],
    ['.list[?(@.ok==false)].list', [[]]],
    ['.missing.x', []],
    ['.nul', [null]],
    ['..tags.x', ['y', 'z']],
    ['"text"', ['text']],
  ])('%s', (expression, results) => {
    expect(findJsonPath(expression)(shop)).toEqual(results)
  })

  it("gives the data's own values", () => {
    expect(findJsonPath('.metadata')(shop)[0]).toBe(shop.metadata)
    for (const whole of ['@', '$', '.', '{}', '{@}']) expect(findJsonPath(whole)(shop)[0]).toBe(shop)
  })

  it.each(['', '{.a} {.b}', 'x{.a}', '{.a}x', '{range .a}{.b}{end}', '.a}', '{.a'])(
    'refuses what is more than one expression: %j',
    (expression) => {
      expect(refused(() => findJsonPath(expression))).toMatch(/^is not a valid JSONPath template: .* \(at character \d+\)$/)
    },
  )
})

describe('only own properties count', () => {
  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('%s', (name) => {
    expect(compileJsonPath(`{.${name}}{['${name}']}{..${name}}{.a[?(@.${name})]}`)({ a: [{}, []] })).toBe('')
    const own: unknown = JSON.parse(`{"${name}": {"x": 1}}`)
    expect(compileJsonPath(`{.${name}.x} {@}`)(own)).toBe(`1 {"${name}":{"x":1}}`)
  })

  it('and undefined is absent', () => {
    expect(compileJsonPath('{.a}|{.*}|{@}')({ a: undefined, b: 1 })).toBe('|1|{"b":1}')
  })

  it('and what JSON has no word for is null', () => {
    expect(compileJsonPath('{.a}|{@}')({ a: [undefined, Number.NaN, () => 1, 2n] })).toBe(
      '[null,null,null,2]|{"a":[null,null,null,2]}',
    )
  })
})

describe('a hostile template', () => {
  const pieces = [
    '{',
    '}',
    '[',
    ']',
    '(',
    ')',
    '?',
    '@',
    '$',
    '.',
    '..',
    '*',
    ',',
    ':',
    '"',
    "'",
    '\\',
    '-1',
    '0',
    '==',
    '<',
    '!',
    ' ',
    '\n',
  ]
  const words = [
    'range ',
    'end',
    'true',
    'a',
    '.a',
    "['a']",
    '[*]',
    '[?(@.a=="x")]',
    '{range .a}',
    '{end}',
    '{.a}',
    '__proto__',
    'é',
    '😀',
  ]
  const template = fc.oneof(
    fc.array(fc.constantFrom(...pieces, ...words), { maxLength: 30 }).map((parts) => parts.join('')),
    fc
      .array(
        fc.constantFrom('{.a}', '{.a[*]}', "{['a','b']}", '{..a}', '{range .a[*]}', '{end}', '{.*}', '{@}', 'x', '{.a[?(@.b)]}'),
      )
      .map((parts) => parts.join('')),
    fc.string({ unit: 'binary' }),
  )
  const key = fc.constantFrom('a', 'b', '', '__proto__', 'constructor')
  const data = fc.oneof(
    fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom<unknown>(null, 'x', 1, 0.5, true),
        fc.array(tie('value')),
        fc.dictionary(key, tie('value')),
      ),
    })).value,
    fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, withTypedArray: true, key }),
  )

  it('throws nothing but the catalogued error', () => {
    let applied = 0
    fc.assert(
      fc.property(template, data, (text, value) => {
        for (const compile of [compileJsonPath, findJsonPath]) {
          try {
            compile(text)(value)
            applied += 1
          } catch (error) {
            if (!isFailure(error, 'USAGE_FLAG_VALUE')) throw error
            expect(error.message).toMatch(/ \(at character \d+\)$/)
          }
        }
      }),
      { numRuns: 3000 },
    )
    expect(applied).toBeGreaterThan(100)
  })

  it('does not change the data', () => {
    const before = structuredClone(shop)
    for (const text of ['{..}', '{.list[*]}', '{.list[0,1]}', '{@}', '{range .list[*]}{.*}{end}']) compileJsonPath(text)(shop)
    expect(shop).toEqual(before)
  })

  it.each([
    '{',
    '[',
    '{.',
    '{"',
    "{['",
    '{[?(@.a',
    '{range .a}',
    '{@}',
    '\\',
    '{.a\\',
    '{[0,',
    '.a',
    "['a']",
    '[*]',
    "['a','b'],",
    '"a"',
    '{1}',
  ])('takes time as its length: %j, many times', (piece) => {
    try {
      compileJsonPath(piece.repeat(50_000))({ a: 1 })
    } catch (error) {
      expect(isFailure(error, 'USAGE_FLAG_VALUE')).toBe(true)
    }
  })

  const nest = (levels: number, inner: unknown): unknown => {
    let value = inner
    for (let level = 0; level < levels; level += 1) value = { a: value }
    return value
  }

  it('meets data that is nested deeply', () => {
    const deep = nest(100_000, 1)
    for (const text of ['{..a}', '{@}', '{..}'])
      expect(refused(() => compileJsonPath(text)(deep))).toContain('it is nested deeper than 1000 levels (at character ')
    expect(compileJsonPath('{@}')(nest(900, 1))).toHaveLength(900 * 6 + 1)
    const own: Record<string, unknown> = {}
    own['a'] = own
    expect(refused(() => compileJsonPath('{@}')(own))).toContain('it is nested deeper')
  })

  it('ends when its results multiply', () => {
    const own: Record<string, unknown> = {}
    own['a'] = own
    const multiplying: [string, unknown][] = [
      ['{..a..a..a..a..a}', nest(900, 1)],
      [`{@${"['a','a']".repeat(60)}}`, own],
      ['{range ..}{range ..}{range ..}x{end}{end}{end}', nest(900, 1)],
      ['{@}', Array(1000).fill('x'.repeat(100_000))],
      ['{[*]}', Array(1000).fill('x'.repeat(100_000))],
      [`{range [*]}${'x'.repeat(100_000)}{end}`, Array(1000).fill(0)],
    ]
    for (const [text, value] of multiplying)
      expect(refused(() => compileJsonPath(text)(value))).toMatch(/it gives too many results \(at character \d+\)$/)
  })

  it('nests ranges a hundred times at most', () => {
    const nested = (times: number) => '{range @}'.repeat(times) + '{.a}' + '{end}'.repeat(times)
    expect(compileJsonPath(nested(100))({ a: 'x' })).toBe('x')
    expect(refused(() => compileJsonPath(nested(101)))).toContain('ranges are nested more than 100 times (at character 901)')
  })
})
