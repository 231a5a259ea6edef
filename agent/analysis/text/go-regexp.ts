export { compileGoRegexp, type GoRegexp } from '../../go-regexp/go-regexp.ts'
