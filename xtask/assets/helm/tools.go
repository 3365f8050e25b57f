//go:build tools

// Package assets names the command that is built, so that go.mod and go.sum cover all that it needs.
package assets

import _ "helm.sh/helm/v3/cmd/helm"
