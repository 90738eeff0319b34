extension JinjaInterpreter {
    func sequenceFilter(
        _ name: String, _ value: JinjaValue, _ given: inout JinjaCall
    ) throws(ChatTemplateError) -> JinjaValue? {
        switch name {
        case "length", "count":
            try finish(given, of: name)
            guard let count = try count(value) else {
                throw failure("a \(value.typeName) has no length")
            }
            return .int(count)
        case "first":
            try finish(given, of: name)
            if case .string(let text) = value, !text.isEmpty { return .string(text[0].plain) }
            return try iterate(value).next()
                ?? .undefined(JinjaUndefined(reason: "no first item, the sequence was empty"))
        case "last":
            try finish(given, of: name)
            if case .iterator = value { throw failure("a generator has no last item") }
            if case .string(let text) = value, !text.isEmpty {
                return .string(text[text.count - 1])
            }
            return try elements(value).last
                ?? .undefined(JinjaUndefined(reason: "no last item, the sequence was empty"))
        case "list":
            try finish(given, of: name)
            return .list(try elements(value))
        case "items":
            try finish(given, of: name)
            return lazily { [self] () throws(ChatTemplateError) in
                switch value {
                case .undefined: return []
                case .dict(let dict):
                    try spend(dict.count)
                    return dict.keys.indices.map(dict.item)
                default: throw failure("items needs a mapping, not a \(value.typeName)")
                }
            }
        case "reverse":
            try finish(given, of: name)
            if case .string(let text) = value { return .string(text.reversed) }
            let items = try elements(value)
            try spend(listing: items.count)
            let reversed = Array(items.reversed())
            // A generator can only be turned around as a list.
            if case .iterator = value { return .list(reversed) }
            return .iterator(JinjaIterator(reversed))
        case "join":
            let separator = try string(given.take("d") ?? .text(""))
            let attribute = given.take("attribute")
            try finish(given, of: name)
            var items = try elements(value)
            if let attribute, !attribute.isNone {
                let path = try path(attribute)
                items = try mapped(items) { item throws(ChatTemplateError) in
                    try self.item(at: path, of: item)
                }
            }
            return .string(try join(items, with: separator))
        case "map": return try map(value, &given)
        case "select", "reject", "selectattr", "rejectattr":
            return try select(value, &given, name)
        case "sort": return try sort(value, &given)
        case "dictsort": return try dictSort(value, &given)
        case "unique":
            let isSensitive = given.take("case_sensitive")?.isTrue ?? false
            let path = try path(given.take("attribute"))
            try finish(given, of: name)
            return lazily { [self] () throws(ChatTemplateError) in
                var seen: Set<JinjaKey> = []
                var result: [JinjaValue] = []
                for item in try elements(value) {
                    try spend()
                    let key = folded(try self.item(at: path, of: item), isSensitive)
                    if seen.insert(try hashed(key)).inserted { result.append(item) }
                }
                return result
            }
        case "min", "max":
            let isSensitive = given.take("case_sensitive")?.isTrue ?? false
            let path = try path(given.take("attribute"))
            try finish(given, of: name)
            return try extreme(value, path, isSensitive, isMaximum: name == "max")
        case "sum":
            let path = try path(given.take("attribute"))
            var total = given.take("start") ?? .int(0)
            try finish(given, of: name)
            if case .string = total { throw failure("sum does not add strings") }
            for item in try elements(value) {
                total = try arithmetic(total, .add, try self.item(at: path, of: item))
            }
            return total
        case "batch": return try batch(value, &given)
        case "slice": return try slices(value, &given)
        case "groupby": return try group(value, &given)
        default: return nil
        }
    }

    // MARK: Attributes of items

    /// `a.b.0` in parts; digits are indices.
    private func path(_ attribute: JinjaValue?) throws(ChatTemplateError) -> [JinjaValue] {
        guard let attribute, !attribute.isNone else { return [] }
        guard case .string(let text) = attribute else { return [attribute] }
        var parts: [JinjaValue] = []
        var start = 0
        for index in 0...text.count where index == text.count || text.scalars[index] == "." {
            let part = text[start..<index]
            if !part.isEmpty, part.scalars.allSatisfy(PythonText.isDigit),
                let number = Int(part.string)
            {
                parts.append(.int(number))
            } else {
                parts.append(.string(part))
            }
            start = index + 1
        }
        return parts
    }

    private func item(
        at path: [JinjaValue], of value: JinjaValue, default fallback: JinjaValue = .none
    ) throws(ChatTemplateError) -> JinjaValue {
        var result = value
        for part in path {
            result = try item(part, of: result)
            if result.isUndefined, !fallback.isNone { result = fallback }
        }
        return result
    }

    private func folded(_ value: JinjaValue, _ isSensitive: Bool) -> JinjaValue {
        guard !isSensitive, case .string(let text) = value else { return value }
        return .string(text.derived(PythonText.lower(text.scalars)))
    }

    private func mapped(
        _ items: [JinjaValue],
        _ transform: (JinjaValue) throws(ChatTemplateError) -> JinjaValue
    ) throws(ChatTemplateError) -> [JinjaValue] {
        try spend(listing: items.count)
        var result: [JinjaValue] = []
        result.reserveCapacity(items.count)
        for item in items { result.append(try transform(item)) }
        return result
    }

    // MARK: Generators

    /// A generator whose values are made at once, when the first is asked for.
    private func lazily(
        _ make: @escaping () throws(ChatTemplateError) -> [JinjaValue]
    ) -> JinjaValue {
        .iterator(.lazy { () throws(ChatTemplateError) in JinjaIterator(try make()) })
    }

    /// An iterator over what an operation makes of each item, when it is asked for.
    private func generator(
        _ value: JinjaValue,
        _ transform: @escaping (JinjaValue) throws(ChatTemplateError) -> JinjaValue?
    ) throws(ChatTemplateError) -> JinjaValue {
        // Jinja looks at the truth of the value first: none and undefined give nothing.
        guard value.isTrue else { return .iterator(JinjaIterator([])) }
        return .iterator(
            .lazy { [self] () throws(ChatTemplateError) in
                let source = try iterate(value)
                return JinjaIterator { () throws(ChatTemplateError) in
                    while let item = try source.next() {
                        if let made = try transform(item) { return made }
                    }
                    return nil
                }
            })
    }

    private func map(_ value: JinjaValue, _ given: inout JinjaCall) throws(ChatTemplateError)
        -> JinjaValue
    {
        if given.positional.isEmpty, let attribute = given.takeKeyword("attribute") {
            let fallback = given.takeKeyword("default") ?? .none
            try finish(given, of: "map")
            let path = try path(attribute)
            return try generator(value) { [self] item throws(ChatTemplateError) in
                try self.item(at: path, of: item, default: fallback)
            }
        }
        guard !given.positional.isEmpty else { throw failure("map needs a filter or an attribute") }
        let name = try string(given.positional.removeFirst()).string
        guard JinjaFilters.support(name) == .known else {
            throw failure("there is no filter '\(name)'")
        }
        let call = given
        return try generator(value) { [self] item throws(ChatTemplateError) in
            var call = call
            return try apply(filter: name, to: item, &call)
        }
    }

    private func select(
        _ value: JinjaValue, _ given: inout JinjaCall, _ filter: String
    ) throws(ChatTemplateError) -> JinjaValue {
        let wanted = filter.hasPrefix("select")
        var path: [JinjaValue] = []
        if filter.hasSuffix("attr") {
            guard !given.positional.isEmpty else { throw failure("\(filter) needs an attribute") }
            path = try self.path(given.positional.removeFirst())
        }
        var test: String?
        if !given.positional.isEmpty {
            let name = try string(given.positional.removeFirst()).string
            guard JinjaTests.names.contains(name) else {
                throw failure("there is no test '\(name)'")
            }
            test = name
        }
        let call = given
        return try generator(value) { [self] item throws(ChatTemplateError) in
            let subject = try self.item(at: path, of: item)
            guard let test else { return subject.isTrue == wanted ? item : nil }
            var call = call
            return try apply(test: test, to: subject, &call) == wanted ? item : nil
        }
    }

    // MARK: Order

    private func sort(_ value: JinjaValue, _ given: inout JinjaCall) throws(ChatTemplateError)
        -> JinjaValue
    {
        let isReversed = given.take("reverse")?.isTrue ?? false
        let isSensitive = given.take("case_sensitive")?.isTrue ?? false
        let attribute = given.take("attribute")
        try finish(given, of: "sort")
        var paths: [[JinjaValue]] = []
        if case .string(let text) = attribute {
            for part in text.string.split(separator: ",", omittingEmptySubsequences: false) {
                paths.append(try path(.text(String(part))))
            }
        } else {
            paths = [try path(attribute)]
        }
        return .list(
            try sorted(try elements(value), isReversed: isReversed) {
                [self] item throws(ChatTemplateError) in
                var keys: [JinjaValue] = []
                for path in paths {
                    keys.append(folded(try self.item(at: path, of: item), isSensitive))
                }
                return .list(keys)
            })
    }

    /// Python's stable `sorted`; what has no order is an error.
    private func sorted(
        _ items: [JinjaValue], isReversed: Bool,
        by key: (JinjaValue) throws(ChatTemplateError) -> JinjaValue
    ) throws(ChatTemplateError) -> [JinjaValue] {
        try spend(items.count)
        let keys = try mapped(items, key)
        var order = Array(items.indices)
        // A merge sort of our own: the comparison throws a typed error, and equal items keep
        // their order also where the whole is reversed.
        func isBefore(_ a: Int, _ b: Int) throws(ChatTemplateError) -> Bool {
            try spend()
            let order = try sortOrder(keys[a], keys[b])
            return isReversed ? order > 0 : order < 0
        }
        var width = 1
        while width < order.count {
            var merged: [Int] = []
            merged.reserveCapacity(order.count)
            var start = 0
            while start < order.count {
                let middle = min(start + width, order.count)
                let end = min(start + 2 * width, order.count)
                var (left, right) = (start, middle)
                while left < middle, right < end {
                    if try isBefore(order[right], order[left]) {
                        merged.append(order[right])
                        right += 1
                    } else {
                        merged.append(order[left])
                        left += 1
                    }
                }
                merged += order[left..<middle]
                merged += order[right..<end]
                start = end
            }
            order = merged
            width *= 2
        }
        return order.map { items[$0] }
    }

    /// Order of two keys, which are lists where several attributes are compared.
    private func sortOrder(_ a: JinjaValue, _ b: JinjaValue) throws(ChatTemplateError) -> Int {
        guard case .list(let x) = a, case .list(let y) = b else { return try order(a, b) ?? 0 }
        for (left, right) in zip(x.items, y.items) where !JinjaValue.areEqual(left, right) {
            return try order(left, right) ?? 0
        }
        return x.items.count - y.items.count
    }

    private func dictSort(_ value: JinjaValue, _ given: inout JinjaCall) throws(ChatTemplateError)
        -> JinjaValue
    {
        let isSensitive = given.take("case_sensitive")?.isTrue ?? false
        let by = try string(given.take("by") ?? .text("key")).string
        let isReversed = given.take("reverse")?.isTrue ?? false
        try finish(given, of: "dictsort")
        guard by == "key" || by == "value" else {
            throw failure("dictsort sorts by 'key' or 'value'")
        }
        guard case .dict(let dict) = value else {
            if case .undefined(let undefined) = value { throw failure(undefined.reason) }
            throw failure("dictsort needs a mapping, not a \(value.typeName)")
        }
        try spend(dict.count)
        return .list(
            try sorted(dict.keys.indices.map(dict.item), isReversed: isReversed) {
                [self] item throws(ChatTemplateError) in
                guard case .tuple(let pair) = item else { return item }
                return folded(pair[by == "key" ? 0 : 1], isSensitive)
            })
    }

    private func extreme(
        _ value: JinjaValue, _ path: [JinjaValue], _ isSensitive: Bool, isMaximum: Bool
    ) throws(ChatTemplateError) -> JinjaValue {
        var best: (item: JinjaValue, key: JinjaValue)?
        for item in try elements(value) {
            let key = folded(try self.item(at: path, of: item), isSensitive)
            guard let current = best else {
                best = (item, key)
                continue
            }
            let order = try order(key, current.key) ?? 0
            if isMaximum ? order > 0 : order < 0 { best = (item, key) }
        }
        return best?.item
            ?? .undefined(JinjaUndefined(reason: "no aggregated item, the sequence was empty"))
    }

    // MARK: Groups

    private func group(_ value: JinjaValue, _ given: inout JinjaCall) throws(ChatTemplateError)
        -> JinjaValue
    {
        guard let attribute = given.take("attribute") else {
            throw failure("groupby needs an attribute")
        }
        let fallback = given.take("default") ?? .none
        let isSensitive = given.take("case_sensitive")?.isTrue ?? false
        try finish(given, of: "groupby")
        let path = try path(attribute)
        let items = try sorted(try elements(value), isReversed: false) {
            [self] item throws(ChatTemplateError) in
            folded(try self.item(at: path, of: item, default: fallback), isSensitive)
        }
        var groups: [(key: JinjaValue, folded: JinjaValue, items: [JinjaValue])] = []
        for item in items {
            let key = try self.item(at: path, of: item, default: fallback)
            let folded = folded(key, isSensitive)
            if let last = groups.last, JinjaValue.areEqual(last.folded, folded) {
                groups[groups.count - 1].items.append(item)
            } else {
                groups.append((key, folded, [item]))
            }
        }
        return .list(groups.map { JinjaValue.tuple([$0.key, .list($0.items)]) })
    }

    private func size(_ value: JinjaValue?, of filter: String) throws(ChatTemplateError) -> Int {
        guard let count = value?.index else { throw failure("\(filter) needs a number") }
        return count
    }

    private func batch(_ value: JinjaValue, _ given: inout JinjaCall) throws(ChatTemplateError)
        -> JinjaValue
    {
        let width = try size(given.take("linecount"), of: "batch")
        let fill = given.take("fill_with") ?? .none
        try finish(given, of: "batch")
        return lazily { [self] () throws(ChatTemplateError) in
            var rows: [[JinjaValue]] = []
            for item in try elements(value) {
                try spend()
                if rows.isEmpty || rows[rows.count - 1].count == width { rows.append([]) }
                rows[rows.count - 1].append(item)
            }
            if !fill.isNone, let last = rows.last, last.count < width {
                try spend(listing: width)
                rows[rows.count - 1] += [JinjaValue](repeating: fill, count: width - last.count)
            }
            return rows.map { JinjaValue.list($0) }
        }
    }

    private func slices(_ value: JinjaValue, _ given: inout JinjaCall) throws(ChatTemplateError)
        -> JinjaValue
    {
        let count = try size(given.take("slices"), of: "slice")
        let fill = given.take("fill_with") ?? .none
        try finish(given, of: "slice")
        return lazily { [self] () throws(ChatTemplateError) in
            let items = try elements(value)
            guard count != 0 else { throw failure("it divides by zero") }
            guard count > 0 else { return [] }
            // A list each, and the elements in them.
            try spend(count)
            try spend(listing: items.count)
            let (width, extra) = (items.count / count, items.count % count)
            var offset = 0
            var rows: [JinjaValue] = []
            for index in 0..<count {
                let start = offset + index * width
                if index < extra { offset += 1 }
                var row = Array(items[start..<(offset + (index + 1) * width)])
                if !fill.isNone, index >= extra { row.append(fill) }
                rows.append(.list(row))
            }
            return rows
        }
    }
}
