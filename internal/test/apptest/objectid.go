package apptest

import (
	"crypto/sha256"
	"fmt"
)

// objectID makes a GUID that is always the same for a name.
func objectID(name string) string {
	h := sha256.Sum256([]byte(name))
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[0:4], h[4:6], h[6:8], h[8:10], h[10:16])
}
