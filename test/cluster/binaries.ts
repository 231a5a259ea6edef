import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type GoTool, goTool } from '../../tools/go-tool.ts'

/**
 * The path of a program of Kubernetes: from KUBEBUILDER_ASSETS if that is set and has it, else from the user's cache, else
 * built now, which takes minutes.
 *
 * @throws a plain Error that says why there is none
 */
export function clusterBinary(name: GoTool): Promise<string> {
  const assets = process.env['KUBEBUILDER_ASSETS']
  const path = assets ? join(assets, name) : ''
  return path && existsSync(path) ? Promise.resolve(path) : goTool(name)
}
