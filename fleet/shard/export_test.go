package shard

import "time"

func init() { beat, silence = 100*time.Millisecond, 2*time.Second }
