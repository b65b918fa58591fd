/// The steps of `InProcessRateLeases`, in Lua. Numbers stay below 2^53, so that Lua's doubles hold them exactly.
enum LeaseScript {
    static let settle = RedisScript(
        """
        local node, sequence, limit = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
        local used, kept, wanted = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
        local recent, epoch, nodes = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
        local window, width = tonumber(ARGV[10]), tonumber(ARGV[11])
        local lifetime, recovery = tonumber(ARGV[12]), tonumber(ARGV[13])
        local now
        if ARGV[14] then
          now = tonumber(ARGV[14])
        else
          local time = redis.call('TIME')
          now = tonumber(time[1]) * 1000000 + tonumber(time[2])
        end
        local function text(number) return string.format('%.0f', number) end
        local function fields(line) return string.match(line, '^(%d+):(%d+):?(%d*)$') end

        local account = redis.call('HMGET', KEYS[1], 'epoch', 'recovers', 'used', 'held')
        local mark, recovers = tonumber(account[1]), tonumber(account[2])
        local total, held = tonumber(account[3]), tonumber(account[4])
        if not mark then
          redis.call('DEL', KEYS[2], KEYS[3])
          mark, recovers, total, held = now, 0, 0, 0
          if epoch ~= 0 and recent > 0 then recovers = now + recovery end
        end

        local free = -1
        while true do
          local first = redis.call('LINDEX', KEYS[2], 0)
          if not first then break end
          local number, count = fields(first)
          local leaves = (tonumber(number) + 1) * width + window
          if leaves > now then free = leaves break end
          total = total - tonumber(count)
          redis.call('LPOP', KEYS[2])
        end
        for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', text(now))) do
          local line = redis.call('HGET', KEYS[1], 'node:' .. gone)
          if line then
            local _, count = fields(line)
            held = held - tonumber(count)
          end
          redis.call('HDEL', KEYS[1], 'node:' .. gone)
          redis.call('ZREM', KEYS[3], gone)
        end

        local known, before, ends = 0, 0, now
        local line = redis.call('HGET', KEYS[1], 'node:' .. node)
        if line then
          known, before, ends = fields(line)
          known, before, ends = tonumber(known), tonumber(before), tonumber(ends)
        end
        local granted = 0
        if sequence > known then
          held = held - before
          local added = used
          if not line and epoch ~= 0 and epoch ~= mark then added = recent end
          if added > 0 then
            total = total + added
            local number = math.floor(now / width)
            local last = redis.call('LINDEX', KEYS[2], -1)
            local lastNumber, lastCount
            if last then lastNumber, lastCount = fields(last) end
            if last and tonumber(lastNumber) >= number then
              redis.call('LSET', KEYS[2], -1, lastNumber .. ':' .. text(tonumber(lastCount) + added))
            else
              redis.call('RPUSH', KEYS[2], text(number) .. ':' .. text(added))
            end
            if free < 0 then free = (number + 1) * width + window end
          end
          local rest = math.max(0, limit - total - held - kept)
          local part
          if now < recovers then
            part = math.max(1, math.floor(limit / (120 * nodes)))
          else
            part = math.max(1, math.floor(limit / 1000), math.floor(rest / (2 * nodes)))
          end
          granted = math.min(wanted, rest, part)
          ends = now + lifetime
          held = held + kept + granted
          redis.call(
            'HSET', KEYS[1], 'node:' .. node, text(sequence) .. ':' .. text(kept + granted) .. ':' .. text(ends))
          redis.call('ZADD', KEYS[3], text(ends + window), node)
        end
        redis.call(
          'HSET', KEYS[1], 'epoch', text(mark), 'recovers', text(recovers), 'used', text(total), 'held', text(held))
        local rests = math.ceil((window + lifetime) / 1000) + 15000
        for index = 1, 3 do redis.call('PEXPIRE', KEYS[index], rests) end
        local wait = -1
        if free >= 0 then wait = math.max(0, free - now) end
        return {granted, ends - now, total + held, wait, mark}
        """)

    static let beat = RedisScript(
        """
        local time = redis.call('TIME')
        local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
        redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[1])
        redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - tonumber(ARGV[2])))
        redis.call('PEXPIRE', KEYS[1], 60000)
        return redis.call('ZCARD', KEYS[1])
        """)
}
