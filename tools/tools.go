//go:build tools

// Package tools pins the peer's program, which opens our bundles in the tests.
package tools

import _ "github.com/replicatedhq/troubleshoot/cmd/troubleshoot"
