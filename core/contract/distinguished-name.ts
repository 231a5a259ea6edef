/** What a name has, by OpenSSL's words for its parts; a part that it has several times is a list. */
export type NameParts = Record<string, unknown>

/** From the last part to the first; of the first two, only the last value counts. */
const PARTS: readonly (readonly [part: string, shown: string])[] = [
  ['serialNumber', 'SERIALNUMBER'],
  ['CN', 'CN'],
  ['OU', 'OU'],
  ['O', 'O'],
  ['postalCode', 'POSTALCODE'],
  ['street', 'STREET'],
  ['L', 'L'],
  ['ST', 'ST'],
  ['C', 'C'],
]
const SINGLE: readonly string[] = ['serialNumber', 'CN']

/** `CN=web,OU=a+OU=b,O=Acme\, Inc.,L=Berlin,C=DE`, as the peer writes a name: it knows no other parts. */
export function nameText(name: NameParts): string {
  return PARTS.flatMap(([part, shown]) => {
    const all = [name[part] ?? []].flat().map(String)
    const values = SINGLE.includes(part) ? all.slice(-1) : all
    return values.length === 0 ? [] : [values.map((value) => `${shown}=${escaped(value)}`).join('+')]
  }).join(',')
}

const escaped = (value: string) => value.replaceAll(/[,+"\\<>;]|^[ #]| $/g, (mark) => `\\${mark}`)
