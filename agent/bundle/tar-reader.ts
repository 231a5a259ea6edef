/** To be imported when a tar is read: of a CommonJS package, what `import()` gives differs between Node and our build. */
export { extract } from 'tar-stream'
