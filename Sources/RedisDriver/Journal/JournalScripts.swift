/// What Redis does with journals, each in one step. A workspace's entries are a set ordered by when they were answered, so
/// that nodes that send at their own pace still give one order; one hash for each tenant holds how many bytes each
/// workspace's entries have, and under the empty name their sum.
enum JournalScripts {
    /// Adds entries and forgets the oldest of the workspace, then whole workspaces of the tenant, until both are within
    /// their bounds. KEYS: entries, sizes, mark of a watched workspace. ARGV: workspace, most entries, most bytes, most
    /// bytes of the tenant, lifetime in seconds, channel, head of a message, and for each entry its place and itself.
    static let append = RedisScript(
        """
        local entries, sizes, workspace = KEYS[1], KEYS[2], ARGV[1]
        local before = tonumber(redis.call('HGET', sizes, workspace) or '')
        if before == nil then redis.call('DEL', entries) before = 0 end
        local size = before
        if redis.call('EXISTS', entries) == 0 then size = 0 end
        local isWatched = redis.call('EXISTS', KEYS[3]) == 1
        for i = 8, #ARGV, 2 do
          local entry = ARGV[i + 1]
          if redis.call('ZADD', entries, ARGV[i], entry) == 1 then size = size + #entry end
          if isWatched then redis.call('PUBLISH', ARGV[6], ARGV[7] .. entry) end
        end
        local count = redis.call('ZCARD', entries)
        while count > tonumber(ARGV[2]) or (size > tonumber(ARGV[3]) and count > 1) do
          size = size - #redis.call('ZPOPMIN', entries)[1]
          count = count - 1
        end
        redis.call('HSET', sizes, workspace, size)
        local total = redis.call('HINCRBY', sizes, '', size - before)
        redis.call('EXPIRE', entries, ARGV[5])
        redis.call('EXPIRE', sizes, ARGV[5])
        local most = tonumber(ARGV[4])
        if total <= most then return total end
        local base = string.sub(entries, 1, #entries - #workspace)
        local others = {}
        total = size
        local all = redis.call('HGETALL', sizes)
        for i = 1, #all, 2 do
          local name, bytes = all[i], tonumber(all[i + 1])
          if name ~= '' and name ~= workspace then
            if redis.call('EXISTS', base .. name) == 1 then
              others[#others + 1] = {name, bytes}
              total = total + bytes
            else
              redis.call('HDEL', sizes, name)
            end
          end
        end
        table.sort(others, function(a, b) return a[2] > b[2] end)
        for _, other in ipairs(others) do
          if total <= most then break end
          redis.call('DEL', base .. other[1])
          redis.call('HDEL', sizes, other[1])
          total = total - other[2]
        end
        redis.call('HSET', sizes, '', total)
        return total
        """)

    /// KEYS: entries, sizes. ARGV: workspace.
    static let clear = RedisScript(
        """
        local size = tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or '0')
        redis.call('HDEL', KEYS[2], ARGV[1])
        if size > 0 then redis.call('HINCRBY', KEYS[2], '', -size) end
        return redis.call('DEL', KEYS[1])
        """)

    /// KEYS: sizes. ARGV: what the names of entries begin with, channel, message that ends the streams.
    static let remove = RedisScript(
        """
        for _, name in ipairs(redis.call('HKEYS', KEYS[1])) do redis.call('DEL', ARGV[1] .. name) end
        redis.call('PUBLISH', ARGV[2], ARGV[3])
        return redis.call('DEL', KEYS[1])
        """)
}
