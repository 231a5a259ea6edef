//go:build tools

// Package tools pins the S3 server that the tests start.
package tools

import _ "github.com/minio/minio"
