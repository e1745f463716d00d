//go:build linux

package servertest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"
)

// clusterSlots is the number of hash slots of a Redis Cluster.
const clusterSlots = 16384

// RedisCluster is a Redis Cluster of masters without replicas.
type RedisCluster struct {
	// Nodes can be killed and restarted one by one; see Await. While a node is
	// down, the other nodes refuse all commands.
	Nodes []*Redis

	t testing.TB
}

// StartRedisCluster starts a new, empty cluster of three nodes. It returns when all
// of them serve. settings are those of StartRedis.
func StartRedisCluster(t testing.TB, settings ...string) *RedisCluster {
	t.Helper()
	const size = 3
	c := &RedisCluster{t: t}
	settings = append([]string{
		"--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-node-timeout", "1000",
	}, settings...)
	for range size {
		c.Nodes = append(c.Nodes, StartRedis(t, settings...))
	}
	for i, node := range c.Nodes {
		first, last := i*clusterSlots/size, (i+1)*clusterSlots/size-1
		c.ask(node, fmt.Sprintf("CLUSTER ADDSLOTSRANGE %d %d", first, last))
		c.ask(node, fmt.Sprintf("CLUSTER SET-CONFIG-EPOCH %d", i+1))
	}
	for _, other := range c.Nodes[1:] {
		_, port, _ := net.SplitHostPort(other.Addr)
		c.ask(c.Nodes[0], fmt.Sprintf("CLUSTER MEET 127.0.0.1 %s %d", port, other.busPort))
	}
	c.Await()
	return c
}

// Addrs returns the addresses of all nodes.
func (c *RedisCluster) Addrs() []string {
	var addrs []string
	for _, node := range c.Nodes {
		addrs = append(addrs, node.Addr)
	}
	return addrs
}

// Kill ends all nodes with SIGKILL.
func (c *RedisCluster) Kill() {
	for _, node := range c.Nodes {
		node.Kill()
	}
}

// Restart restarts all nodes on the same ports with the same data. It returns when
// the cluster serves.
func (c *RedisCluster) Restart() {
	c.t.Helper()
	for _, node := range c.Nodes {
		node.Restart()
	}
	c.Await()
}

// Await waits until all nodes serve all slots.
func (c *RedisCluster) Await() {
	c.t.Helper()
	known := fmt.Sprintf("cluster_known_nodes:%d\r", len(c.Nodes))
	deadline := time.Now().Add(startLimit)
	for i := 0; i < len(c.Nodes); {
		info, err := command(c.Nodes[i].Addr, "CLUSTER INFO")
		if err == nil && strings.Contains(info, "cluster_state:ok") && strings.Contains(info, known) {
			i++
			continue
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("the Redis Cluster did not serve within %v; node %d: %v\n%s", startLimit, i, err, info)
		}
		<-time.After(10 * time.Millisecond)
	}
}

func (c *RedisCluster) ask(node *Redis, line string) {
	c.t.Helper()
	if _, err := command(node.Addr, line); err != nil {
		c.t.Fatalf("%s: %v", line, err)
	}
}

// command sends an inline command and returns the response.
func command(addr, line string) (string, error) {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.WriteString(conn, line+"\r\n"); err != nil {
		return "", err
	}
	in := bufio.NewReader(conn)
	head, err := in.ReadString('\n')
	if err != nil {
		return "", err
	}
	head = strings.TrimSpace(head)
	switch {
	case strings.HasPrefix(head, "-"):
		return "", errors.New(head)
	case !strings.HasPrefix(head, "$"):
		return head, nil
	}
	length, err := strconv.Atoi(head[1:])
	if err != nil || length < 0 {
		return "", fmt.Errorf("unexpected response %q", head)
	}
	body := make([]byte, length)
	_, err = io.ReadFull(in, body)
	return string(body), err
}
