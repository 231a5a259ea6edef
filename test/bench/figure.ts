/** One measured figure, with what it is held against: a floor or a peer of the same run, or a limit. */
export interface Figure {
  name: string
  value: number
  unit: string
  against?: { name: string; value: number }
  limit?: string
}

export function showFigures(figures: readonly Figure[]): string {
  const rows = figures.map(({ name, value, unit, against, limit }) => {
    const ratio = against ? `${(value / against.value).toFixed(2)} × ${against.name} (${against.value.toFixed(1)} ${unit})` : ''
    return `| ${name} | ${value.toFixed(1)} ${unit} | ${ratio} | ${limit ?? ''} |`
  })
  return ['| what | measured | against | wanted |', '|---|---|---|---|', ...rows, ''].join('\n')
}
