//go:build tools

// Package assets names the commands that are built, so that go.mod and go.sum cover all that they need.
package assets

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kubectl"
)
