export { boundedExec } from '../../go-regexp/bounded.ts'
