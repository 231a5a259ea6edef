import { describe, expect, it } from 'vitest'
import { fillTemplate, isBeyondFields } from '../../../../agent/analysis/text/template.ts'

describe('fillTemplate', () => {
  it.each([
    ['plain', 'plain'],
    ['{{ .A }} and {{.A}}', 'x and x'],
    ['{{ .B.C }}', '7'],
    ['{{ .Missing }}', '<no value>'],
    ['{{ .B.Missing }}', '<no value>'],
    ['{{ .constructor }}', '<no value>'],
    ['{{ .A.length }}', '<no value>'],
    ['{{ .D }}', '<no value>'],
    ['{ .A }', '{ .A }'],
    ['$& {{ .E }}', '$& $1'],
    ['{{ .A }} {{ .A | upper }}', '{{ .A }} {{ .A | upper }}'],
    ['{{ if .A }}x{{ end }}', '{{ if .A }}x{{ end }}'],
    ['{{ . }}', '{{ . }}'],
    ['{{- .A -}}', '{{- .A -}}'],
  ])('%s', (message, want) => expect(fillTemplate(message, { A: 'x', B: { C: 7 }, D: null, E: '$1' })).toBe(want))

  it.each([
    ['{{ .A }}', false],
    ['none', false],
    ['}}', false],
    ['{{ .A', true],
    ['{{ printf .A }}', true],
  ])('isBeyondFields %s: %s', (message, want) => expect(isBeyondFields(message)).toBe(want))
})
