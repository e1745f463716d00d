//go:build integration

package deploytest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// manifests returns all objects that kustomization.yaml lists, by kind.
func manifests(t *testing.T) map[string]document {
	t.Helper()
	all := map[string]document{}
	for _, file := range strs(documents(t, "deploy/kubernetes/kustomization.yaml")[0].at("resources")) {
		for _, object := range documents(t, "deploy/kubernetes/"+file) {
			kind := object["kind"].(string)
			require.NotContains(t, all, kind)
			assert.Equal(t, "webapp", object.at("metadata", "name"), kind)
			if kind != "Namespace" {
				assert.Equal(t, "webapp", object.at("metadata", "namespace"), kind)
			}
			all[kind] = object
		}
	}
	for kind, version := range map[string]string{
		"Namespace": "v1", "ServiceAccount": "v1", "ConfigMap": "v1", "Service": "v1", "Deployment": "apps/v1",
		"PodDisruptionBudget": "policy/v1", "Ingress": "networking.k8s.io/v1", "NetworkPolicy": "networking.k8s.io/v1",
	} {
		require.Contains(t, all, kind)
		assert.Equal(t, version, all[kind]["apiVersion"], kind)
	}
	return all
}

// pod returns a value from the pod's specification in the Deployment.
func pod(objects map[string]document, path ...any) any {
	return objects["Deployment"].at(append([]any{"spec", "template", "spec"}, path...)...)
}

func container(objects map[string]document, path ...any) any {
	return pod(objects, append([]any{"containers", 0}, path...)...)
}

func TestPodMeetsTheRestrictedStandard(t *testing.T) {
	o := manifests(t)
	assert.Equal(t, "restricted", o["Namespace"].at("metadata", "labels", "pod-security.kubernetes.io/enforce"))
	assert.Equal(t, true, pod(o, "securityContext", "runAsNonRoot"))
	assert.Equal(t, nobody, pod(o, "securityContext", "runAsUser"), "the user of the image")
	assert.Equal(t, "RuntimeDefault", pod(o, "securityContext", "seccompProfile", "type"))
	assert.Equal(t, true, container(o, "securityContext", "readOnlyRootFilesystem"))
	assert.Equal(t, false, container(o, "securityContext", "allowPrivilegeEscalation"))
	assert.Equal(t, []string{"ALL"}, strs(container(o, "securityContext", "capabilities", "drop")))
	assert.Equal(t, false, pod(o, "automountServiceAccountToken"))
	for _, kind := range []string{"requests", "limits"} {
		assert.NotNil(t, container(o, "resources", kind, "cpu"), kind)
		assert.NotNil(t, container(o, "resources", kind, "memory"), kind)
	}
	assert.NotContains(t, container(o, "image"), ":latest")
}

// podVariables returns the container's own environment variables.
func podVariables(objects map[string]document) map[string]string {
	all := map[string]string{}
	for _, variable := range container(objects, "env").([]any) {
		all[fmt.Sprint(variable.(document)["name"])] = fmt.Sprint(variable.(document)["value"])
	}
	return all
}

// The Secret is a folder of files, which follow its changes. Only the application's user
// and group can read them.
func TestThePodHasItsSecretsInFiles(t *testing.T) {
	o := manifests(t)
	mount := container(o, "volumeMounts", 0).(document)
	assert.Equal(t, true, mount["readOnly"])
	assert.NotContains(t, mount, "subPath", "such a file never changes")
	assert.Equal(t, mount["name"], pod(o, "volumes", 0, "name"))
	assert.Equal(t, "webapp", pod(o, "volumes", 0, "secret", "secretName"))
	assert.Equal(t, 0o440, pod(o, "volumes", 0, "secret", "defaultMode"))
	assert.Equal(t, pod(o, "securityContext", "runAsGroup"), pod(o, "securityContext", "fsGroup"))
	keys := documents(t, "deploy/kubernetes/secret.example.yaml")[0].at("stringData").(document)
	for name, path := range podVariables(o) {
		key, ok := strings.CutPrefix(path, fmt.Sprint(mount["mountPath"], "/"))
		assert.True(t, ok, name)
		assert.Contains(t, keys, key)
		delete(keys, key)
	}
	assert.Empty(t, keys, "every value is used")
}

func TestWorkloadIdentity(t *testing.T) {
	o := manifests(t)
	assert.Equal(t, "true", o["Deployment"].at("spec", "template", "metadata", "labels", "azure.workload.identity/use"))
	assert.Equal(t, "webapp", pod(o, "serviceAccountName"))
	assert.Equal(t, o["ConfigMap"].at("data", "CLIENT_ID"),
		o["ServiceAccount"].at("metadata", "annotations", "azure.workload.identity/client-id"))
	for _, credential := range []string{"CLIENT_SECRET", "CLIENT_SECRET_FILE", "CLIENT_CERTIFICATE_FILE"} {
		assert.Nil(t, o["ConfigMap"].at("data", credential), "exactly one credential, and the webhook sets it")
		assert.NotContains(t, podVariables(o), credential)
	}
}

func TestPodProbesAndShutdown(t *testing.T) {
	o := manifests(t)
	assert.Equal(t, "/healthz", container(o, "livenessProbe", "httpGet", "path"), "a provider that is down is no reason to restart")
	assert.Equal(t, "/healthz", container(o, "readinessProbe", "httpGet", "path"), "one that is down is down for all pods")
	assert.Equal(t, "/readyz", container(o, "startupProbe", "httpGet", "path"), "a rollout with wrong settings stops")
	assert.Greater(t, container(o, "startupProbe", "timeoutSeconds"), 2, "the app answers within two")
	patience := container(o, "startupProbe", "failureThreshold").(int) * container(o, "startupProbe", "periodSeconds").(int)
	assert.GreaterOrEqual(t, patience, 600, "seconds until an outage restarts a new pod")

	preStop := container(o, "lifecycle", "preStop", "sleep", "seconds").(int)
	const stop = 10 // seconds that the application has to finish requests
	assert.GreaterOrEqual(t, pod(o, "terminationGracePeriodSeconds"), preStop+stop+2)
	assert.Nil(t, container(o, "lifecycle", "preStop", "exec"), "the image has no shell")

	assert.GreaterOrEqual(t, o["Deployment"].at("spec", "replicas"), 2)
	assert.Equal(t, 0, o["Deployment"].at("spec", "strategy", "rollingUpdate", "maxUnavailable"))
	assert.Equal(t, 1, o["PodDisruptionBudget"].at("spec", "maxUnavailable"))
}

// Every reference by name or label has a target.
func TestManifestsReferToEachOther(t *testing.T) {
	o := manifests(t)
	labels := o["Deployment"].at("spec", "template", "metadata", "labels").(document)
	for kind, path := range map[string][]any{
		"Deployment": {"spec", "selector", "matchLabels"}, "Service": {"spec", "selector"},
		"PodDisruptionBudget": {"spec", "selector", "matchLabels"}, "NetworkPolicy": {"spec", "podSelector", "matchLabels"},
	} {
		selector := o[kind].at(path...).(document)
		require.NotEmpty(t, selector, kind)
		for name, value := range selector {
			assert.Equal(t, value, labels[name], "%s selects %s", kind, name)
		}
	}
	assert.Equal(t, "webapp", container(o, "envFrom", 0, "configMapRef", "name"))
	assert.Equal(t, "webapp", documents(t, "deploy/kubernetes/secret.example.yaml")[0].at("metadata", "name"))

	ports := map[any]any{}
	for i := range 2 {
		ports[container(o, "ports", i, "name")] = container(o, "ports", i, "containerPort")
	}
	for port, variable := range map[string]string{"http": "LISTEN_ADDR", "metrics": "METRICS_ADDR"} {
		assert.Equal(t, fmt.Sprint(":", ports[port]), o["ConfigMap"].at("data", variable))
	}
	assert.Equal(t, "http", o["Service"].at("spec", "ports", 0, "targetPort"))
	backend := []any{"spec", "rules", 0, "http", "paths", 0, "backend", "service"}
	assert.Equal(t, o["Service"].at("metadata", "name"), o["Ingress"].at(append(backend, "name")...))
	assert.Equal(t, o["Service"].at("spec", "ports", 0, "name"), o["Ingress"].at(append(backend, "port", "name")...))
	host := o["Ingress"].at("spec", "rules", 0, "host")
	assert.Equal(t, fmt.Sprintf("https://%s/getAToken", host), o["ConfigMap"].at("data", "REDIRECT_URI"))
	assert.Equal(t, []string{fmt.Sprint(host)}, strs(o["Ingress"].at("spec", "tls", 0, "hosts")))
}
