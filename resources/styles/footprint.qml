<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<!-- The outline of a localized photo: a bright line on a dark one, seen on bright and on dark imagery; no fill. -->
<qgis version="3.40" styleCategories="Symbology|Labeling|MapTips|Fields|Forms" labelsEnabled="1">
  <renderer-v2 type="singleSymbol" symbollevels="0" enableorderby="0" forceraster="0" referencescale="-1">
    <symbols>
      <symbol name="0" type="fill" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleLine" enabled="1" locked="0" pass="0">
          <Option type="Map">
            <Option name="capstyle" value="square" type="QString"/>
            <Option name="joinstyle" value="miter" type="QString"/>
            <Option name="line_color" value="0,0,0,150" type="QString"/>
            <Option name="line_style" value="solid" type="QString"/>
            <Option name="line_width" value="1.2" type="QString"/>
            <Option name="line_width_unit" value="MM" type="QString"/>
          </Option>
        </layer>
        <layer class="SimpleLine" enabled="1" locked="0" pass="0">
          <Option type="Map">
            <Option name="capstyle" value="square" type="QString"/>
            <Option name="joinstyle" value="miter" type="QString"/>
            <Option name="line_color" value="255,213,0,255" type="QString"/>
            <Option name="line_style" value="solid" type="QString"/>
            <Option name="line_width" value="0.6" type="QString"/>
            <Option name="line_width_unit" value="MM" type="QString"/>
          </Option>
        </layer>
      </symbol>
    </symbols>
    <rotation/>
    <sizescale/>
  </renderer-v2>
  <labeling type="simple">
    <settings calloutType="simple">
      <text-style fieldName="if(intersects(@geometry, geom_from_wkt(@astroloc_on_desk)), '', coalesce(nullif(&quot;nasa_id&quot;, ''), base_file_name(&quot;photo&quot;)))" isExpression="1" fontSize="10" fontSizeUnit="Point" fontWeight="75" textColor="20,20,20,255" textOpacity="1">
        <text-buffer bufferDraw="1" bufferSize="1" bufferSizeUnits="MM" bufferColor="255,255,255,255" bufferOpacity="0.9" bufferNoFill="1"/>
      </text-style>
      <placement placement="8" polygonPlacementFlags="3" dist="1" distUnits="MM" layerType="PolygonGeometry" geometryGeneratorEnabled="0"/>
      <rendering drawLabels="1" obstacle="0" displayAll="1" upsidedownLabels="0"/>
    </settings>
  </labeling>
  <previewExpression>coalesce(nullif("nasa_id", ''), base_file_name("photo"))</previewExpression>
  <mapTip enabled="1">&lt;b&gt;[% coalesce(nullif("nasa_id", ''), base_file_name("photo")) %]&lt;/b&gt;&lt;br&gt;confidence [% round("confidence", 2) %], [% "inliers" %] inliers</mapTip>
  <aliases>
    <alias field="photo" index="-1" name="Photo"/>
    <alias field="nasa_id" index="-1" name="NASA photo number"/>
    <alias field="confidence" index="-1" name="Confidence"/>
    <alias field="inliers" index="-1" name="Inliers"/>
    <alias field="taken" index="-1" name="Date"/>
  </aliases>
  <layerGeometryType>2</layerGeometryType>
</qgis>
