//go:build tools

// Package tools pins the program that serves a bundle as a read-only API server.
package tools

import _ "github.com/replicatedhq/sbctl"
