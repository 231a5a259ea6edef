/** The source of a pattern for names in HTTP: RFC 9110, section 5.6.2. */
export const TOKEN = String.raw`[!#$%&'*+\-.^_${'`'}|~\w]+`
