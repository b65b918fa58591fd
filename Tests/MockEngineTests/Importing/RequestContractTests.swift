import Domain
import JSON
import Testing

@testable import MockEngine

struct RequestContractTests {
    private static let text = """
        openapi: 3.1.0
        info: {title: T, version: '1'}
        paths:
          /pets/{id}:
            parameters:
              - {name: id, in: path, required: true, schema: {type: integer}}
              - {name: limit, in: query, schema: {type: integer, minimum: 100}}
            get:
              parameters:
                - $ref: '#/components/parameters/Limit'
                - {name: tags, in: query, schema: {type: array, items: {type: integer}, maxItems: 2}}
                - {name: codes, in: query, explode: false, schema: {type: array, items: {type: integer}}}
                - {name: pipes, in: query, style: pipeDelimited, explode: false, schema: {type: array, items: {type: integer}}}
                - name: filter
                  in: query
                  style: deepObject
                  explode: true
                  schema: {type: object, properties: {age: {type: integer}, name: {type: string}}, additionalProperties: false}
                - {name: page, in: query, schema: {type: object, properties: {size: {type: integer}}}}
                - {name: json, in: query, content: {application/json: {schema: {type: object, required: [a]}}}}
                - {name: flag, in: query, allowEmptyValue: true, schema: {type: boolean}}
                - {name: X-Trace, in: header, required: true, schema: {type: string, minLength: 3}}
                - {name: X-List, in: header, schema: {type: array, items: {type: integer}}}
                - {name: Accept, in: header, required: true, schema: {const: never}}
                - {name: session, in: cookie, schema: {type: string, minLength: 3}}
            put:
              requestBody: {$ref: '#/components/requestBodies/Pet'}
            patch:
              requestBody: {content: {application/json: {schema: {type: object}}}}
        components:
          parameters:
            Limit: {name: limit, in: query, schema: {type: integer, maximum: 10}}
          requestBodies:
            Pet:
              required: true
              content:
                application/json: {schema: {$ref: '#/components/schemas/Pet'}}
                application/x-www-form-urlencoded: {schema: {$ref: '#/components/schemas/Pet'}}
                text/*: {schema: {type: string, maxLength: 3}}
          schemas:
            Pet:
              type: object
              required: [name]
              properties:
                name: {type: string}
                age: {type: integer}
                tags: {type: array, items: {type: integer}}
        """

    /// `pointer code` of each violation.
    private func violations(
        _ method: String, id: String = "7", query: String? = nil,
        headers: [HeaderField] = [HeaderField("x-trace", "abc")],
        body: String = ""
    ) throws -> [String] {
        let contract = try #require(
            try ImportingSamples.contract(Self.text, path: "/pets/{id}", method: method.lowercased()))
        let view = RequestView(
            MockRequest(method: method, path: "/pets/\(id)", query: query, headers: headers, body: Array(body.utf8)))
        view.pathParameters = [("id", id)]
        return contract.violations(view).map { "\($0.pointer) \($0.code)" }
    }

    @Test func `a request that keeps the contract has no violations`() throws {
        #expect(try violations("GET", query: "limit=5&tags=1&tags=2&codes=1,2&filter[age]=3&page=1") == [])
    }

    @Test func `an unknown operation has no contract`() throws {
        #expect(try ImportingSamples.contract(Self.text, path: "/nothing", method: "get") == nil)
    }

    @Test func `path parameters are read as their type`() throws {
        #expect(try violations("GET", id: "seven") == ["path:id type"])
    }

    @Test func `an operation's parameter replaces that of the path`() throws {
        #expect(try violations("GET", query: "limit=11") == ["query:limit maximum"])
        #expect(try violations("GET", query: "limit=x") == ["query:limit type"])
    }

    @Test func `arrays are read by their style`() throws {
        #expect(try violations("GET", query: "tags=1&tags=x") == ["query:tags/1 type"])
        #expect(try violations("GET", query: "tags=1&tags=2&tags=3") == ["query:tags max_items"])
        #expect(try violations("GET", query: "codes=1,x") == ["query:codes/1 type"])
        #expect(try violations("GET", query: "pipes=1%7Cx") == ["query:pipes/1 type"])
        #expect(
            try violations("GET", headers: [HeaderField("x-trace", "abc"), HeaderField("x-list", "1, x")]) == [
                "header:x-list/1 type"
            ])
    }

    @Test func `objects are read by their style`() throws {
        #expect(try violations("GET", query: "filter[age]=x") == ["query:filter/age type"])
        #expect(try violations("GET", query: "filter%5Bother%5D=x").count == 1)
        #expect(try violations("GET", query: "size=x") == ["query:page/size type"])
    }

    @Test func `a parameter with content holds JSON`() throws {
        #expect(try violations("GET", query: "json=%7B%22a%22:1%7D") == [])
        #expect(try violations("GET", query: "json=%7B%7D") == ["query:json/a required"])
        #expect(try violations("GET", query: "json=nope") == ["query:json invalid_json"])
    }

    @Test func `an empty value passes where it is allowed`() throws {
        #expect(try violations("GET", query: "flag=") == [])
        #expect(try violations("GET", query: "flag=maybe") == ["query:flag type"])
    }

    @Test func `headers and cookies are checked, but not those that belong to HTTP`() throws {
        #expect(try violations("GET", headers: []) == ["header:x-trace required"])
        #expect(try violations("GET", headers: [HeaderField("x-trace", "ab")]) == ["header:x-trace min_length"])
        let cookie = [HeaderField("x-trace", "abc"), HeaderField("cookie", "session=ab")]
        #expect(try violations("GET", headers: cookie) == ["cookie:session min_length"])
    }

    @Test func `every violation is told at once`() throws {
        #expect(try violations("GET", id: "x", query: "limit=11", headers: []).count == 3)
    }

    @Test func `a required body must be there`() throws {
        #expect(try violations("PUT") == [" required"])
        #expect(try violations("PATCH") == [])
    }

    @Test func `another media type is refused by its header`() throws {
        let xml = [HeaderField("content-type", "application/xml")]
        #expect(try violations("PUT", headers: xml, body: "<a/>") == ["header:content-type unsupported_media_type"])
        #expect(try violations("PUT", headers: [], body: "{}") == ["header:content-type unsupported_media_type"])
    }

    @Test func `a JSON body is held against its schema`() throws {
        let json = [HeaderField("content-type", "application/json; charset=utf-8")]
        #expect(try violations("PUT", headers: json, body: "{\"name\": \"Rex\"}") == [])
        #expect(
            try violations("PUT", headers: json, body: "{\"name\": 1, \"age\": \"x\"}") == ["/name type", "/age type"])
        #expect(try violations("PUT", headers: json, body: "{") == [" invalid_json"])
    }

    @Test func `a form body is read as the types of its schema`() throws {
        let form = [HeaderField("content-type", "application/x-www-form-urlencoded")]
        #expect(try violations("PUT", headers: form, body: "name=Rex&age=3&tags=1&tags=2") == [])
        #expect(
            try violations("PUT", headers: form, body: "name=Rex&age=x&tags=1&tags=y") == ["/age type", "/tags/1 type"])
    }

    @Test func `a media range takes what belongs to it`() throws {
        let text = [HeaderField("content-type", "text/plain")]
        #expect(try violations("PUT", headers: text, body: "abc") == [])
        #expect(try violations("PUT", headers: text, body: "abcd") == [" max_length"])
    }

    @Test func `a nullable parameter of version 3_0 takes an empty value`() throws {
        let text = """
            openapi: 3.0.3
            info: {title: T, version: '1'}
            paths:
              /x:
                get:
                  parameters: [{name: n, in: query, schema: {type: integer, nullable: true}}]
            """
        let contract = try ImportingSamples.contract(text, path: "/x", method: "get", dialect: .openAPI30)
        let view = RequestView(MockRequest(method: "GET", path: "/x", query: "n="))
        #expect(contract?.violations(view).isEmpty == true)
    }
}
